#!/bin/bash
# Makes a throw-away CA and a server certificate from it; starts nothing.
#   tls-ca.sh DIR        writes DIR/{ca.pem,ca.key,cert.pem,key.pem} for localhost, 127.0.0.1 and ::1
# Does nothing when they are there.
set -euo pipefail
umask 077
dir=${1:?usage: tls-ca.sh DIR}
mkdir -p "$dir"
cd "$dir"
[ ! -s cert.pem ] || exit 0
# The serial in the name: a browser refuses two authorities of one name with different keys.
openssl req -x509 -newkey rsa:2048 -sha256 -nodes -days 2 -keyout ca.key -out ca.pem \
  -subj "/CN=Throw-away test CA $$-$RANDOM" -addext basicConstraints=critical,CA:TRUE \
  -addext keyUsage=critical,keyCertSign,cRLSign 2>/dev/null
openssl req -newkey rsa:2048 -nodes -keyout key.pem -out csr.pem -subj /CN=localhost 2>/dev/null
cat > ext.cnf <<CNF
subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1
extendedKeyUsage=serverAuth
keyUsage=digitalSignature,keyEncipherment
authorityKeyIdentifier=keyid
CNF
openssl x509 -req -sha256 -in csr.pem -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 \
  -extfile ext.cnf -out cert.pem.new 2>/dev/null
rm -f csr.pem ext.cnf
chmod 644 ca.pem cert.pem.new
mv cert.pem.new cert.pem
