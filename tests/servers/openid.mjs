// An OpenID provider for tests: `node openid.mjs <directory with node_modules> <callback>`.
// It prints its issuer, and on each line it reads it begins to sign with a new key.
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

const [directory, callback] = process.argv.slice(2);
const entry = join(directory, 'node_modules', 'oidc-provider', 'lib', 'index.js');
const { default: Provider } = await import(pathToFileURL(entry).href);

const keys = [];
const client = { redirect_uris: [callback], grant_types: ['authorization_code'] };

function addKey() {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const made = privateKey.export({ format: 'jwk' });
  keys.unshift({ ...made, kid: randomUUID(), use: 'sig', alg: 'ES256' });
  keys.splice(2);
}

function account(id) {
  const email = `${id}@example.org`;
  const own = { sub: id, email, email_verified: true, preferred_username: id, groups: ['devs'] };
  return { accountId: id, claims: async () => own };
}

function made(issuer) {
  return new Provider(issuer, {
    clients: [
      {
        ...client,
        client_id: 'pangolin',
        client_secret: 'a secret of the test',
        id_token_signed_response_alg: 'ES256',
      },
      {
        client_id: 'robot',
        client_secret: 'another secret of the test',
        redirect_uris: [],
        response_types: [],
        grant_types: ['client_credentials'],
        id_token_signed_response_alg: 'ES256',
      },
    ],
    claims: {
      openid: ['sub'],
      email: ['email', 'email_verified'],
      profile: ['preferred_username'],
      groups: ['groups'],
    },
    cookies: { keys: ['a key of the test'] },
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: () => ({
          scope: 'api',
          audience: 'pangolin-api',
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: 'ES256' } },
        }),
      },
    },
    findAccount: async (_, id) => account(id),
    jwks: { keys },
    pkce: { required: () => true },
  });
}

let handle;
const server = createServer((request, response) => handle(request, response));
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  addKey();
  handle = made(issuer).callback();
  console.log(issuer);
  createInterface({ input: process.stdin }).on('line', () => {
    addKey();
    handle = made(issuer).callback();
    console.log('rotated');
  });
});
