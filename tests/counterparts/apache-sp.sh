#!/bin/bash
# Starts a private Apache with a Shibboleth service provider on loopback. Its page /shib/ asks for a sign-in and
# prints, as JSON, which attributes arrived.
#   apache-sp.sh DATA_DIR PORT --idp-metadata FILE [--idp-entityid ID] [--tls] [--sign-requests]
#   apache-sp.sh --stop DATA_DIR
# BASE is http://127.0.0.1:PORT (https with --tls, its CA is DATA_DIR/tls/ca.pem), the entity id BASE/shibboleth,
# the metadata DATA_DIR/metadata.xml with one certificate to sign and one to encrypt for, logout
# BASE/Shibboleth.sso/Logout. The IdP's metadata is read again when DATA_DIR/idp-metadata.xml changes.
set -euo pipefail
stop() {
  local name pid
  for name in apache shibd; do
    [ -s "$1/$name.pid" ] || continue
    pid=$(cat "$1/$name.pid")
    kill "$pid" 2>/dev/null || true
    for _ in $(seq 100); do kill -0 "$pid" 2>/dev/null || break; sleep 0.05; done
    rm -f "$1/$name.pid"
  done
}
usage() { sed -n '2,8p' "$0" >&2; exit 2; }
if [ "${1:-}" = --stop ]; then stop "${2:?}"; exit 0; fi
[ $# -ge 4 ] || usage
mkdir -p "$1"
dir=$(cd "$1" && pwd); port=$2; shift 2
here=$(cd "$(dirname "$0")" && pwd)
PATH=$PATH:/usr/sbin
idp_metadata='' idp='' scheme=http secure=false sign=false
while [ $# -gt 0 ]; do
  case $1 in
    --idp-metadata) idp_metadata=$2; shift 2 ;;
    --idp-entityid) idp=$2; shift 2 ;;
    --tls) scheme=https secure=true; shift ;;
    --sign-requests) sign=true; shift ;;
    *) usage ;;
  esac
done
[ -n "$idp_metadata" ] || usage
base=$scheme://127.0.0.1:$port
mkdir -p "$dir"/{log,run,shib,www/cgi,www/shib}
cp "$idp_metadata" "$dir/idp-metadata.xml"
# Without an id the first entity in the file is asked.
[ -n "$idp" ] || idp=$(sed -n 's/.*entityID=["'\'']\([^"'\'']*\).*/\1/p' "$dir/idp-metadata.xml" | head -1)
[ -n "$idp" ] || { echo "no entityID in $idp_metadata" >&2; exit 1; }
[ $scheme = http ] || "$here/tls-ca.sh" "$dir/tls"
for use in signing encryption; do
  [ -s "$dir/$use.crt" ] || openssl req -x509 -newkey rsa:2048 -sha256 -nodes -days 2 \
    -subj "/CN=$use key of the test SP" -keyout "$dir/$use.key" -out "$dir/$use.crt" 2>/dev/null
done

names="uid mail givenName sn displayName employeeNumber departmentNumber isMemberOf"
names="$names eduPersonPrincipalName subjectId persistentId"
cat > "$dir/www/cgi/show.py" <<PY
#!/usr/bin/python3
import json, os, re
names = '$names'.split()
split = lambda text: [v.replace('\\\\;', ';') for v in re.split(r'(?<!\\\\);', text)]
found = {name: split(os.environ[name]) for name in names if name in os.environ}
session = {k: v for k, v in sorted(os.environ.items()) if k.startswith('Shib_')}
print('Content-Type: application/json\nCache-Control: no-store\n')
print(json.dumps({'attributes': found, 'session': session}, indent=1))
PY
chmod 755 "$dir/www/cgi/show.py"
echo 'A service provider for tests: /shib/' > "$dir/www/index.html"

# ---- Shibboleth --------------------------------------------------------------------------------
for log in shibd native; do
  cat > "$dir/shib/$log.logger" <<LOG
log4j.rootCategory=INFO, f
log4j.appender.f=org.apache.log4j.FileAppender
log4j.appender.f.fileName=$dir/log/$log.log
log4j.appender.f.layout=org.apache.log4j.PatternLayout
log4j.appender.f.layout.ConversionPattern=%d{%H:%M:%S} %p %c %x: %m%n
LOG
done
uri=urn:oasis:names:tc:SAML:2.0:attrname-format:uri
{
  echo '<Attributes xmlns="urn:mace:shibboleth:2.0:attribute-map" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
  while read -r id name; do
    echo " <Attribute name=\"$name\" nameFormat=\"$uri\" id=\"$id\"/>"
  done <<'MAP'
uid urn:oid:0.9.2342.19200300.100.1.1
mail urn:oid:0.9.2342.19200300.100.1.3
givenName urn:oid:2.5.4.42
sn urn:oid:2.5.4.4
displayName urn:oid:2.16.840.1.113730.3.1.241
employeeNumber urn:oid:2.16.840.1.113730.3.1.3
departmentNumber urn:oid:2.16.840.1.113730.3.1.2
isMemberOf urn:oid:1.3.6.1.4.1.5923.1.5.1.1
eduPersonPrincipalName urn:oid:1.3.6.1.4.1.5923.1.1.1.6
subjectId urn:oasis:names:tc:SAML:attribute:subject-id
MAP
  cat <<'XML'
 <Attribute name="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent" id="persistentId">
  <AttributeDecoder xsi:type="NameIDAttributeDecoder" formatter="$NameQualifier!$SPNameQualifier!$Name" defaultQualifiers="true"/>
 </Attribute>
</Attributes>
XML
} > "$dir/shib/attribute-map.xml"
cat > "$dir/shib/shibboleth2.xml" <<XML
<SPConfig xmlns="urn:mace:shibboleth:3.0:native:sp:config" logger="$dir/shib/shibd.logger" clockSkew="180">
  <OutOfProcess logger="$dir/shib/shibd.logger" tranLogFiller="-"/>
  <InProcess logger="$dir/shib/native.logger"/>
  <UnixListener address="$dir/run/shibd.sock"/>
  <RequestMapper type="Native"><RequestMap/></RequestMapper>
  <ApplicationDefaults entityID="$base/shibboleth" REMOTE_USER="persistentId"
      signing="$sign" encryption="false" requireSignedAssertions="false">
    <Sessions lifetime="28800" timeout="3600" relayState="ss:mem" checkAddress="false" consistentAddress="true"
        handlerSSL="$secure" cookieProps="$scheme" redirectLimit="none">
      <SSO entityID="$idp" outgoingBindings="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect">SAML2</SSO>
      <Logout>SAML2 Local</Logout>
      <Handler type="MetadataGenerator" Location="/Metadata" signing="false"/>
      <Handler type="Session" Location="/Session" showAttributeValues="true" contentType="application/json"/>
    </Sessions>
    <Errors supportContact="root@localhost"/>
    <MetadataProvider type="XML" path="$dir/idp-metadata.xml" reloadChanges="true"/>
    <AttributeExtractor type="XML" validate="false" reloadChanges="false" path="$dir/shib/attribute-map.xml"/>
    <CredentialResolver type="Chaining">
      <CredentialResolver type="File" use="signing" key="$dir/signing.key" certificate="$dir/signing.crt"/>
      <CredentialResolver type="File" use="encryption" key="$dir/encryption.key" certificate="$dir/encryption.crt"/>
    </CredentialResolver>
  </ApplicationDefaults>
  <SecurityPolicyProvider type="XML" validate="true" path="/etc/shibboleth/security-policy.xml"/>
  <ProtocolProvider type="XML" validate="true" reloadChanges="false" path="/etc/shibboleth/protocols.xml"/>
</SPConfig>
XML

# ---- Apache ------------------------------------------------------------------------------------
modules=/usr/lib/apache2/modules
{
  echo "ServerRoot $dir
ServerName $base
Listen 127.0.0.1:$port
PidFile $dir/apache.pid
DefaultRuntimeDir $dir/run
ErrorLog $dir/log/error.log
LogLevel warn
StartServers 1"
  for m in mpm_event authn_core authz_core authz_user authz_host alias dir env mime cgid; do
    [ ! -e $modules/mod_$m.so ] || echo "LoadModule ${m}_module $modules/mod_$m.so"
  done
  [ $scheme = http ] || echo "LoadModule socache_shmcb_module $modules/mod_socache_shmcb.so
LoadModule ssl_module $modules/mod_ssl.so
SSLEngine on
SSLCertificateFile $dir/tls/cert.pem
SSLCertificateKeyFile $dir/tls/key.pem"
  echo "TypesConfig /etc/mime.types
ScriptSock $dir/run/cgid.sock
DocumentRoot $dir/www
UseCanonicalName On
<Directory $dir/www>
  Require all granted
</Directory>
ScriptAliasMatch ^/shib/$ $dir/www/cgi/show.py
LoadModule mod_shib $modules/mod_shib.so
ShibConfig $dir/shib/shibboleth2.xml
ShibCompatValidUser On
<Location /shib>
  AuthType shibboleth
  ShibRequestSetting requireSession true
  Require shib-session
</Location>
<Location /Shibboleth.sso>
  AuthType None
  Require all granted
</Location>"
} > "$dir/apache.conf"

as=()
if [ "$(id -u)" = 0 ]; then
  chown -R www-data: "$dir"
  as=(setpriv --reuid=www-data --regid=www-data --init-groups)
fi
cd "$dir"
stop "$dir"
${as[@]+"${as[@]}"} setsid shibd -F -f -c "$dir/shib/shibboleth2.xml" </dev/null >log/shibd.out 2>&1 &
echo $! > shibd.pid
for _ in $(seq 300); do [ ! -S run/shibd.sock ] || break; sleep 0.05; done
[ -S run/shibd.sock ] || { cat log/shibd.out log/shibd.log >&2; stop "$dir"; exit 1; }
${as[@]+"${as[@]}"} apache2 -f "$dir/apache.conf" -k start </dev/null >log/apache.out 2>&1 ||
  { cat log/apache.out log/error.log >&2; stop "$dir"; exit 1; }
fetch=(curl -sf --noproxy '*')
[ $scheme = http ] || fetch+=(--cacert tls/ca.pem)
for _ in $(seq 100); do
  ! "${fetch[@]}" -o metadata.xml "$base/Shibboleth.sso/Metadata" || break
  sleep 0.1
done
[ -s metadata.xml ] || { tail log/error.log log/shibd.log >&2; stop "$dir"; exit 1; }
chmod 644 metadata.xml
echo "READY $base"
