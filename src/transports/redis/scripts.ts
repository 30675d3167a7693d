/** What must happen in one step, in Lua, as Redis runs it. */
export const scripts = {
  /**
   * A batch. KEYS: the index of the namespace, then a key for each condition, put and removal.
   * ARGV: how many conditions, and for each its type and version; how many puts, and for each its
   * member of the index, its value with the version before it, and its lifetime in milliseconds or
   * nothing; how many removals, and for each its member; the channel and the namespace to be told
   * on it, if any. A version has 40 characters at most.
   */
  write: `
local argument, key = 0, 1
local function take() argument = argument + 1; return ARGV[argument] end
local function nextKey() key = key + 1; return KEYS[key] end
for _ = 1, tonumber(take()) do
  local place, kind, version = nextKey(), take(), take()
  if kind == 'unchanged' then
    if redis.call('EXISTS', place) == 0 then return 'refused' end
    local start = redis.call('GETRANGE', place, 0, 41)
    if (string.match(start, '^v([%w.]+)\\n') or '') ~= version then return 'refused' end
  elseif (redis.call('EXISTS', place) == 1) ~= (kind == 'present') then return 'refused' end
end
for _ = 1, tonumber(take()) do
  local place, member, value, lifetime = nextKey(), take(), take(), take()
  if lifetime == '' then redis.call('SET', place, value)
  else redis.call('SET', place, value, 'PX', lifetime) end
  redis.call('ZADD', KEYS[1], 0, member)
end
for _ = 1, tonumber(take()) do
  local place, member = nextKey(), take()
  redis.call('DEL', place)
  redis.call('ZREM', KEYS[1], member)
end
local channel, namespace = take(), take()
if channel then redis.call('PUBLISH', channel, namespace) end
return 'written'`,

  /**
   * Takes members out of an index whose values have expired. KEYS: the index, then the values;
   * ARGV: the members.
   */
  forget: `
for number, member in ipairs(ARGV) do
  if redis.call('EXISTS', KEYS[number + 1]) == 0 then redis.call('ZREM', KEYS[1], member) end
end
return 'forgotten'`,
} as const
