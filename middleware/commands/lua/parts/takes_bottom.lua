-- Does claim number c go to the lowest place? In LIFO order if and only if ⌊c·s/10⁶⌋ > ⌊(c−1)·s/10⁶⌋.
local function takes_bottom(c, share, order)
  return order == 'fifo' or math.floor(c * share / 1000000) > math.floor((c - 1) * share / 1000000)
end
