-- The wrk script of load.py: every request carries the same photo; results are JSON.
-- PHOTO names its file. With AS=raw the photo is the body, else the form field `image`.

local function bytes(path)
   local file = assert(io.open(path, "rb"))
   local content = file:read("*a")
   file:close()
   return content
end

local photo = bytes(os.getenv("PHOTO"))
local edge = "------------------------d74496d66958873e" -- as curl's
wrk.method = "POST"
if os.getenv("AS") == "raw" then
   wrk.body = photo
   wrk.headers["Content-Type"] = "image/jpeg"
else
   wrk.body = "--" .. edge .. "\r\n"
      .. 'Content-Disposition: form-data; name="image"; filename="photo.jpg"\r\n'
      .. "Content-Type: image/jpeg\r\n\r\n" .. photo
      .. "\r\n--" .. edge .. "--\r\n"
   wrk.headers["Content-Type"] = "multipart/form-data; boundary=" .. edge
end

function done(summary, latency)
   local errors = summary.errors
   local lost = errors.connect + errors.read + errors.write + errors.timeout
   io.write(string.format(
      '\n{"requests": %d, "seconds": %f, "errors": %d, "p50": %f, "p99": %f}\n',
      summary.requests, summary.duration / 1e6, lost + errors.status,
      latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end
