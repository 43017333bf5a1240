-- Redis runs scripts as Lua 5.1, with these names, and lets them make no global ones. What is checked are the scripts as
-- Redis gets them (`python -m middleware.commands.build --into FOLDER`).
std = "lua51"
read_globals = {"redis", "cmsgpack", "struct"}
globals = {"KEYS", "ARGV"}
ignore = {
  "43.", -- shadowing of upvalues: parts are included in the blocks that need them, and name their parameters for themselves
  "631", -- long lines: tables of constants are folded in
}
