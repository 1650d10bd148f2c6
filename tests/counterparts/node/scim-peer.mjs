// A SCIM 2.0 application in memory, on scimmy: what Chamberlain pushes people and groups to.
//   PORT=... TOKEN=... node scim-peer.mjs      base URL http://127.0.0.1:PORT/scim/v2
//   GET /state      all that it holds, and the requests that it had: {users, groups, log}
//   DELETE /state   empties it
//   POST /fail      makes the next requests fail: {"status": 503, "times": 2, "retryAfter": 1,
//                   "delayMs": 0, "path": "/Users", "method": "POST"}; status 0 cuts the connection
//                   before anything is done, "after": true does it and then cuts, 200 is only slow
//   POST /token     OAuth client credentials "peer" and "peer secret"
import express from "express";
import { randomUUID } from "node:crypto";
import SCIMMY from "scimmy";
import SCIMMYRouters from "scimmy-routers";

const { PORT, TOKEN } = process.env;
const store = { User: new Map(), Group: new Map() };
const unique = { User: "userName", Group: "displayName" };
let log = [];
let faults = [];

function handlers(type) {
  const held = store[type];
  const found = (id) => {
    if (!held.has(id)) throw new SCIMMY.Types.Error(404, null, `${type} ${id} not found`);
    return held.get(id);
  };
  return {
    egress: (resource) => (resource.id ? found(resource.id) : [...held.values()]),
    ingress: (resource, data) => {
      const given = JSON.parse(JSON.stringify(data));
      const name = unique[type];
      for (const other of held.values()) {
        if (other.id !== resource.id && other[name].toLowerCase() === given[name].toLowerCase())
          throw new SCIMMY.Types.Error(409, "uniqueness", `${name} is taken`);
      }
      if (given.title === "refused") throw new SCIMMY.Types.Error(400, "invalidValue", "no such title");
      const before = resource.id ? found(resource.id) : null;
      const now = new Date().toISOString();
      const id = before ? before.id : randomUUID();
      held.set(id, { ...given, id, meta: { created: before?.meta.created ?? now, lastModified: now } });
      return held.get(id);
    },
    degress: (resource) => held.delete(found(resource.id).id),
  };
}

SCIMMY.Resources.declare(SCIMMY.Resources.User.extend(SCIMMY.Schemas.EnterpriseUser, false), handlers("User"));
SCIMMY.Resources.declare(SCIMMY.Resources.Group, handlers("Group"));
SCIMMY.Config.set({ patch: true, filter: true, bulk: true, sort: true, etag: false });

const app = express();
app.get("/state", (_, answer) =>
  answer.json({ users: [...store.User.values()], groups: [...store.Group.values()], log }));
app.delete("/state", (_, answer) => {
  store.User.clear();
  store.Group.clear();
  log = [];
  faults = [];
  answer.sendStatus(204);
});
app.post("/fail", express.json(), (request, answer) => {
  faults.push({ status: 503, times: 1, ...request.body });
  answer.sendStatus(204);
});
app.post("/token", (request, answer) => {
  const basic = Buffer.from("peer:peer%20secret").toString("base64");
  if (request.header("authorization") !== `Basic ${basic}`)
    return answer.status(401).json({ error: "invalid_client" });
  return answer.json({ access_token: TOKEN, token_type: "Bearer", expires_in: 60 });
});

app.use("/scim/v2", (request, answer, next) => {
  const entry = { method: request.method, url: request.url, status: null };
  log.push(entry);
  answer.on("finish", () => (entry.status = answer.statusCode));
  const fault = faults.find(
    (one) =>
      (!one.path || request.url.startsWith(one.path)) && (!one.method || request.method === one.method));
  if (!fault) return next();
  if (--fault.times <= 0) faults = faults.filter((one) => one !== fault);
  if (fault.after) {
    answer.end = () => request.socket.destroy();
    return next();
  }
  return setTimeout(() => {
    if (fault.status === 0) return request.socket.destroy();
    if (fault.status === 200) return next();
    if (fault.retryAfter !== undefined) answer.set("Retry-After", String(fault.retryAfter));
    return answer.status(fault.status).type("application/scim+json").json({
      schemas: ["urn:ietf:params:scim:api:messages:2.0:Error"],
      status: String(fault.status),
      detail: "asked to fail",
    });
  }, fault.delayMs ?? 0);
});
app.use("/scim/v2", new SCIMMYRouters({
  type: "bearer",
  handler: (request) => {
    if (request.header("authorization") !== `Bearer ${TOKEN}`) throw new Error("bad token");
    return "peer";
  },
}));
app.listen(Number(PORT), "127.0.0.1");
