-- One body from a file. "fresh": a number that no request had before stands in place of the mark.
local body, pieces, again

function init(args)
  local file = io.open(args[1], "rb")
  body = file:read("*a")
  file:close()
  again = args[2] == "again"
  number = tonumber(args[4])
  pieces = {}
  local from = 1
  while true do
    local first, last = string.find(body, args[3], from, true)
    if not first then break end
    pieces[#pieces + 1] = string.sub(body, from, first - 1)
    from = last + 1
  end
  pieces[#pieces + 1] = string.sub(body, from)
  headers = { ["Content-Type"] = "application/json" }
end

function request()
  if again then return wrk.format("POST", nil, headers, body) end
  number = number + 1
  return wrk.format("POST", nil, headers, table.concat(pieces, string.format("%d", number)))
end

function done(summary, latency)
  io.write(string.format(
    '\n{"requests": %d, "us": %d, "bad": %d, "p50_us": %d, "p99_us": %d}\n',
    summary.requests, summary.duration,
    summary.errors.status + summary.errors.connect + summary.errors.read
      + summary.errors.write + summary.errors.timeout,
    latency:percentile(50), latency:percentile(99)))
end
