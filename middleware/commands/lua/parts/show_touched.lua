if next(touched) and grouping() then
  --- @include show_group
  for group in pairs(touched) do
    show_group(group)
    touched[group] = nil
  end
end
