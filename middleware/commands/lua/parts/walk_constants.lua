-- How many rows a walk looks at in a call, or little more; how many jobs it passes over that fell due together; and the
-- indexes of jobs by name, with the letters of their states.
local BUDGET, TIES, INDEXES, INDEX_LETTERS = 2000, 20000, P.INDEXES, P.INDEX_LETTERS
