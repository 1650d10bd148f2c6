// A SCIM server on scimmy with everything in memory, as its documentation builds one.
//   PORT=... TOKEN=... node scimmy_demo.mjs      base URL http://127.0.0.1:PORT/scim/v2
// Resources lie in a Map by id, names in another, so that its storage costs next to nothing.
import express from "express";
import { randomUUID } from "node:crypto";
import SCIMMY from "scimmy";
import SCIMMYRouters from "scimmy-routers";

const { PORT, TOKEN } = process.env;

function memory(unique) {
  const held = new Map();
  const names = new Map();
  const key = (resource) => String(resource[unique]).toLowerCase();
  const found = (id) => {
    if (!held.has(id)) throw new SCIMMY.Types.Error(404, null, `There is no ${id}`);
    return held.get(id);
  };
  return {
    egress: (resource) => (resource.id ? found(resource.id) : [...held.values()]),
    ingress: (resource, data) => {
      const given = JSON.parse(JSON.stringify(data));
      const before = resource.id ? found(resource.id) : null;
      const id = before?.id ?? randomUUID();
      if ((names.get(key(given)) ?? id) !== id)
        throw new SCIMMY.Types.Error(409, "uniqueness", `${unique} is taken`);
      if (before) names.delete(key(before));
      names.set(key(given), id);
      const now = new Date().toISOString();
      held.set(id, { ...given, id, meta: { created: before?.meta.created ?? now, lastModified: now } });
      return held.get(id);
    },
    degress: (resource) => {
      names.delete(key(found(resource.id)));
      held.delete(resource.id);
    },
  };
}

SCIMMY.Resources.declare(SCIMMY.Resources.User.extend(SCIMMY.Schemas.EnterpriseUser, false), memory("userName"));
SCIMMY.Resources.declare(SCIMMY.Resources.Group, memory("displayName"));
SCIMMY.Config.set({ patch: true, filter: true, bulk: true, sort: true, etag: false });

const app = express();
app.use("/scim/v2", new SCIMMYRouters({
  type: "bearer",
  handler: (request) => {
    if (request.header("authorization") !== `Bearer ${TOKEN}`) throw new Error("unknown token");
    return "bench";
  },
}));
app.listen(Number(PORT), "127.0.0.1");
