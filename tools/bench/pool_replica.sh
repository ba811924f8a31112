#!/bin/sh
# pool_replica.sh PORT FOLDER [on|off]: an nginx on a port of loopback that answers everything with 1,024 bytes of JSON;
# one worker, or (off) nothing but one process. It becomes nginx: its parent may watch it as such.
set -eu
folder=$2/$1
mkdir -p "$folder"
body=$(printf '%1008s' '' | tr ' ' x)
user=
[ "$(id -u)" -ne 0 ] || user='user root;'
cat >"$folder/nginx.conf" <<END
$user
worker_processes 1;
master_process ${3:-on};
daemon off;
pid $folder/nginx.pid;
error_log /dev/null;
events { worker_connections 1024; }
http {
  access_log off;
  keepalive_requests 1000000000;
  client_body_temp_path $folder/t1; proxy_temp_path $folder/t2; fastcgi_temp_path $folder/t3;
  uwsgi_temp_path $folder/t4; scgi_temp_path $folder/t5;
  server {
    listen 127.0.0.1:$1;
    default_type application/json;
    location / { return 200 '{"embedding":"$body"}'; }
  }
}
END
exec nginx -p "$folder" -c "$folder/nginx.conf"
