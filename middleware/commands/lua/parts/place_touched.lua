if (next(touched) or freed[1]) and grouping() then
  --- @include place_groups
  place_groups()
end
