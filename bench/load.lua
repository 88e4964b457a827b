-- Bodies from files, in turn. "fresh": a number that no request had before stands in place of the mark.
-- Tokens, one a line, in turn as well: each opens once.
local bodies, again, number, tokens, sent = {}, false, 0, {}, 0

local function read(name)
  local file = io.open(name, "rb")
  local text = file:read("*a")
  file:close()
  return text
end

local function cut(text, mark)
  local pieces, from = {}, 1
  while true do
    local first, last = string.find(text, mark, from, true)
    if not first then break end
    pieces[#pieces + 1] = string.sub(text, from, first - 1)
    from = last + 1
  end
  pieces[#pieces + 1] = string.sub(text, from)
  return { whole = text, pieces = pieces }
end

-- args: "fresh" or "again", the mark, the first number, a file of tokens or "-", bodies
function init(args)
  again = args[1] == "again"
  number = tonumber(args[3])
  headers = { ["Content-Type"] = "application/json" }
  if args[4] ~= "-" then
    for token in string.gmatch(read(args[4]), "%S+") do tokens[#tokens + 1] = "Bearer " .. token end
  end
  for at = 5, #args do bodies[#bodies + 1] = cut(read(args[at]), args[2]) end
end

function request()
  local body = bodies[sent % #bodies + 1]
  if #tokens > 0 then headers["Authorization"] = tokens[sent % #tokens + 1] end
  sent = sent + 1
  if again then return wrk.format("POST", nil, headers, body.whole) end
  number = number + 1
  local text = table.concat(body.pieces, string.format("%d", number))
  return wrk.format("POST", nil, headers, text)
end

function done(summary, latency)
  io.write(string.format(
    '\n{"requests": %d, "us": %d, "bad": %d, "p50_us": %d, "p99_us": %d}\n',
    summary.requests, summary.duration,
    summary.errors.status + summary.errors.connect + summary.errors.read
      + summary.errors.write + summary.errors.timeout,
    latency:percentile(50), latency:percentile(99)))
end
