-- Takes from a fixed window that begins with its first request.
-- KEYS[1]: the window. ARGV: limit, cost, length of the window in milliseconds.
-- Returns {1 or 0, used, milliseconds until the window ends}.
local limit, cost, length = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local used = tonumber(redis.call('GET', KEYS[1])) or 0
local left = redis.call('PTTL', KEYS[1])
-- No window, or one of a setting that was longer.
local fresh = left <= 0 or left > length
if fresh then
  used, left = 0, length
end
if used + cost > limit then
  return {0, used, left}
end
if fresh then
  redis.call('SET', KEYS[1], cost, 'PX', length)
else
  redis.call('INCRBY', KEYS[1], cost)
end
return {1, used + cost, left}
