// A small SAML service provider on @node-saml/node-saml; it trusts nothing that is not signed twice.
//   PORT=... IDP_METADATA=FILE SP_DIR=DIR [SIGN_REQUESTS=1] node node-saml-sp.mjs
// SP_DIR holds key.pem and cert.pem, which sign its requests and open what is encrypted for it.
//   GET /metadata    with that certificate, to verify (with SIGN_REQUESTS) and to encrypt
//   GET /login       sends the browser to the IdP by HTTP-Redirect; ?relay= comes back as RelayState,
//                    ?force=1 asks for a fresh sign-in
//   POST /acs        200 and who arrived as JSON, or 401 and why not
import fs from "node:fs";
import http from "node:http";
import path from "node:path";
import { SAML, generateServiceProviderMetadata } from "@node-saml/node-saml";
import { DOMParser } from "@xmldom/xmldom";
import xpath from "xpath";

const { PORT, IDP_METADATA, SP_DIR, SIGN_REQUESTS } = process.env;
const base = `http://127.0.0.1:${PORT}`;
const key = fs.readFileSync(path.join(SP_DIR, "key.pem"), "utf8");
const cert = fs.readFileSync(path.join(SP_DIR, "cert.pem"), "utf8");
const persistent = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent";

const own = {
  issuer: `${base}/metadata`,
  callbackUrl: `${base}/acs`,
  decryptionPvk: key,
  identifierFormat: persistent,
  wantAssertionsSigned: true,
  wantAuthnResponseSigned: true,
  ...(SIGN_REQUESTS ? { privateKey: key, signatureAlgorithm: "sha256" } : {}),
};

// One cache for all requests: each answer must name a request that was sent from here, and only once.
const sent = new Map();
const cacheProvider = {
  async saveAsync(id, value) {
    sent.set(id, value);
    return { value, createdAt: Date.now() };
  },
  async getAsync(id) {
    return sent.get(id) ?? null;
  },
  async removeAsync(id) {
    return sent.delete(id) ? id : null;
  },
};

// Read at each use, so that the IdP may change its keys while this runs.
function saml(options = {}) {
  const document = new DOMParser().parseFromString(fs.readFileSync(IDP_METADATA, "utf8"), "text/xml");
  const select = xpath.useNamespaces({
    md: "urn:oasis:names:tc:SAML:2.0:metadata",
    ds: "http://www.w3.org/2000/09/xmldsig#",
  });
  const idp = "//md:IDPSSODescriptor";
  const redirect = "@Binding='urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect'";
  const certificates = select(
    `${idp}/md:KeyDescriptor[not(@use) or @use='signing']//ds:X509Certificate/text()`,
    document,
  );
  return new SAML({
    ...own,
    idpIssuer: select("string(//md:EntityDescriptor[md:IDPSSODescriptor]/@entityID)", document),
    entryPoint: select(`string(${idp}/md:SingleSignOnService[${redirect}]/@Location)`, document),
    idpCert: certificates.map((node) => node.data.replace(/\s/g, "")),
    audience: own.issuer,
    validateInResponseTo: "always",
    requestIdExpirationPeriodMs: 600_000,
    disableRequestedAuthnContext: true,
    cacheProvider,
    ...options,
  });
}

function answer(response, status, body, type = "application/json") {
  response.writeHead(status, { "content-type": type, "cache-control": "no-store" });
  response.end(typeof body === "string" ? body : JSON.stringify(body, null, 1));
}

async function form(request) {
  let text = "";
  for await (const chunk of request) text += chunk;
  return Object.fromEntries(new URLSearchParams(text));
}

async function acs(request, response) {
  try {
    const { profile } = await saml().validatePostResponseAsync(await form(request));
    const { issuer, nameID, nameIDFormat, sessionIndex, inResponseTo, attributes } = profile;
    const who = { issuer, nameID, nameIDFormat, sessionIndex, inResponseTo, attributes };
    answer(response, 200, who);
  } catch (error) {
    answer(response, 401, `refused: ${error.message}\n`, "text/plain");
  }
}

async function login(url, response) {
  const saml_ = saml({ forceAuthn: url.searchParams.get("force") === "1" });
  const location = await saml_.getAuthorizeUrlAsync(url.searchParams.get("relay") ?? "", undefined, {});
  response.writeHead(302, { location }).end();
}

http
  .createServer(async (request, response) => {
    const url = new URL(request.url, base);
    const route = `${request.method} ${url.pathname}`;
    try {
      if (route === "GET /metadata") {
        const xml = generateServiceProviderMetadata({ ...own, publicCerts: cert, decryptionCert: cert });
        answer(response, 200, xml, "application/samlmetadata+xml");
      } else if (route === "GET /login") await login(url, response);
      else if (route === "POST /acs") await acs(request, response);
      else answer(response, 404, "nothing here\n", "text/plain");
    } catch (error) {
      answer(response, 500, `${error.stack}\n`, "text/plain");
    }
  })
  .listen(Number(PORT), "127.0.0.1", () => console.log(`READY ${base}`));
