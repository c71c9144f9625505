// The OpenID provider of the tests: oidc-provider on 127.0.0.1, with its own pages for signing in and consent.
// Reads one line of JSON from standard input ({clients, accounts}), and prints one: {issuer}.
// Whoever names an account signs in as it, with any password.
import { generateKeyPairSync } from "node:crypto";
import { createServer } from "node:http";
import { createInterface } from "node:readline";

import Provider from "oidc-provider";

const input = createInterface({ input: process.stdin });
const { value } = await input[Symbol.asyncIterator]().next();
const { clients, accounts } = JSON.parse(value);
input.on("close", () => process.exit(0)); // the tests are gone

const key = (kid) => ({
  ...generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ format: "jwk" }),
  kid,
  use: "sig",
  alg: "RS256",
});

const server = createServer();
await new Promise((done) => server.listen(0, "127.0.0.1", done));
const issuer = `http://127.0.0.1:${server.address().port}`;
const provider = new Provider(issuer, {
  clients,
  jwks: { keys: [key("one")] },
  cookies: { keys: ["of a test"] },
  claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
  features: {
    devInteractions: { enabled: true },
    rpInitiatedLogout: { enabled: true },
    backchannelLogout: { enabled: true },
  },
  // Its own guard keeps it from this machine, where the desk of the tests is.
  fetch: (url, options) => fetch(url, { ...options, dispatcher: undefined }),
  findAccount: (_context, id) =>
    accounts[id] && { accountId: id, claims: () => ({ sub: id, ...accounts[id] }) },
});
server.on("request", provider.callback());
console.log(JSON.stringify({ issuer }));
