-- wrk: an embeddings request of 110 bytes by POST; at the end one line of JSON for tools/bench/pool_gateway.py.
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = '{"model":"all-MiniLM-L6-v2","input":"' .. string.rep("a", 71) .. '"}'

function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format('FIGURES {"requests":%d,"seconds":%.6f,"p50_us":%d,"p99_us":%d,"errors":%d}\n', summary.requests,
    summary.duration / 1e6, latency:percentile(50), latency:percentile(99),
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
