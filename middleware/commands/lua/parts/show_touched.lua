if (next(touched) or freed[1]) and grouping() then
  --- @include show_groups
  show_groups()
end
