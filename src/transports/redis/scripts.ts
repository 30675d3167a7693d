/**
 * What must happen in one step, in Lua, as Redis runs it. Keys and arguments are named at the top of each; what they answer is
 * matched where they are called.
 */
export const scripts = {
  /** SET NX at the place, and all that follows from it, if the newest release is still the one that was read. */
  append: `
local newest, place, order, audit = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local read, release, position, record, channel, namespace = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]
local occupant = redis.call('GET', place)
if occupant then return occupant == release and 'appended' or 'taken' end
if (redis.call('GET', newest) or '') ~= read then return 'moved' end
for index = 5, #KEYS do
  if redis.call('EXISTS', KEYS[index]) == 0 then return 'missing' end
end
if not redis.call('SET', place, release, 'NX') then return 'taken' end
redis.call('RPUSH', order, position)
if record ~= '' then redis.call('SET', audit, record) end
redis.call('SET', newest, release)
redis.call('PUBLISH', channel, namespace)
return 'appended'`,

  /** DEL, if the newest release is still the one that was read. */
  remove: `
if (redis.call('GET', KEYS[1]) or '') ~= ARGV[1] then return 'moved' end
redis.call('DEL', KEYS[2])
return 'removed'`,

  /** Keeps a report for its time, unless a later word of the instance is here. */
  report: `
local place, instances = KEYS[1], KEYS[2]
local count, text, ttl, instance = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local kept = redis.call('GET', place)
if kept then
  local well, before = pcall(cjson.decode, kept)
  if well and type(before) == 'table' and (tonumber(before.count) or 0) >= tonumber(count) then return 'older' end
end
redis.call('SET', place, text, 'PX', ttl)
redis.call('SADD', instances, instance)
return 'kept'`,
} as const
