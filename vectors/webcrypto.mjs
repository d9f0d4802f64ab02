// The other half of the test vectors: the same rules written a second time, on WebCrypto.
//
//   node webcrypto.mjs verify   checks every file here; exits 1 and names what is wrong
//   node webcrypto.mjs make     writes webcrypto.json, keeping what still verifies
//
// Works with Node 18 and later; needs no package.
import { webcrypto } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';

const { subtle } = webcrypto;
const file = (name) => new URL(name, import.meta.url);
const load = (name) => JSON.parse(readFileSync(file(name), 'utf8'));
const utf8 = (text) => new TextEncoder().encode(text);
const base64url = (bytes) => Buffer.from(bytes).toString('base64url');

// RFC 8785 for records: whole numbers only, null members left out. Array.prototype.sort compares
// UTF-16 units, as the RFC asks.
function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const names = Object.keys(value).filter((name) => value[name] !== null).sort();
  return `{${names.map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`).join(',')}}`;
}

// The canonical form of a record, without the members that lie outside it.
function signedText(record, outside = ['sign']) {
  const names = Object.keys(record).filter((name) => !outside.includes(name));
  return canonical(Object.fromEntries(names.map((name) => [name, record[name]])));
}

const sha256 = async (text) => base64url(await subtle.digest('SHA-256', utf8(text)));

const ALGORITHMS = {
  ES256: { key: { name: 'ECDSA', namedCurve: 'P-256' }, sign: { name: 'ECDSA', hash: 'SHA-256' } },
  EdDSA: { key: { name: 'Ed25519' }, sign: { name: 'Ed25519' } },
};
const algorithmOf = (jwk) => ALGORITHMS[jwk.kty === 'EC' ? 'ES256' : 'EdDSA'];

// A key's own members: Node 18 and 20 differ about the `alg` of Ed25519.
const own = ({ kty, crv, x, y, d }) => JSON.parse(JSON.stringify({ kty, crv, x, y, d }));

async function verifies(jwk, text, signature) {
  const { key, sign } = algorithmOf(jwk);
  const imported = await subtle.importKey('jwk', own(jwk), key, true, ['verify']);
  const bytes = Buffer.from(signature, 'base64url');
  const exact = bytes.length === 64 && base64url(bytes) === signature;
  return exact && subtle.verify(sign, imported, bytes, utf8(text));
}

async function sign(key, name, text) {
  return base64url(await subtle.sign(ALGORITHMS[name].sign, key, utf8(text)));
}

const BASE58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';

// The libp2p peer id of an Ed25519 key.
function agentId(jwk) {
  const key = Buffer.from(jwk.x, 'base64url');
  let number = BigInt(`0x${Buffer.concat([Buffer.from('002408011220', 'hex'), key]).toString('hex')}`);
  let text = '';
  for (; number > 0n; number /= 58n) text = BASE58[Number(number % 58n)] + text;
  return `1${text}`; // for the leading zero byte
}

const faults = [];
const expect = (what, good) => good || faults.push(what);

// Members of a record that its canonical form leaves out.
const outside = ({ kind }) => (kind === 'contract' ? ['rid'] : ['sign']);

// Whose signatures make a record good, written from the protocol's text. Keys of chits are those in
// the tally's certs.
async function isGood(record, tally) {
  const text = signedText(record, outside(record));
  switch (record.kind) {
    case 'cert':
      return verifies(record.public, text, record.sign);
    case 'contract':
      return record.rid === (await sha256(text));
    case 'tally': {
      const { stock, foil, sign: { hash, ...signatures } } = record;
      const sides = Object.entries({ stock, foil }).map(async ([side, { cert }]) =>
        (await isGood(cert)) && verifies(cert.public, text, signatures[side]));
      return (await Promise.all(sides)).every(Boolean) && hash === (await sha256(text));
    }
    case 'chit':
      if (record.tally !== tally.uuid) return false;
      // A leg of a lift is proved by the lift's certificate.
      if (record.type === 'lift') return record.sign === undefined;
      return verifies(tally[record.by].cert.public, text, record.sign);
    default:
      return false;
  }
}

async function verifyRecords(name, records) {
  const tally = records.map(({ record }) => JSON.parse(record)).find(({ kind }) => kind === 'tally');
  for (const { name: which, record, canonical: text, hash } of records) {
    const read = JSON.parse(record);
    expect(`${name}: ${which}: spelling`, canonical(read) === record);
    expect(`${name}: ${which}: canonical form`, signedText(read, outside(read)) === text);
    expect(`${name}: ${which}: hash`, (await sha256(text)) === hash);
    expect(`${name}: ${which}: not good`, await isGood(read, tally));
    const other = { ...read, date: '2026-11-22T10:00:00.001Z' };
    const alike = read.kind === 'chit' && read.type === 'lift';
    expect(`${name}: ${which}: good though changed`, alike || !(await isGood(other, tally)));
  }
}

// A leaf's hash, then upward: whatever stands beside, on the side that the way says.
async function rootOf(leaf, way) {
  let hash = leaf;
  for (const { left, right } of way) {
    const pair = left ? { left, right: hash } : { left: hash, right };
    hash = await sha256(canonical({ kind: 'legs', v: 1, ...pair }));
  }
  return hash;
}

// The first 16 bytes of a hash as a UUID of version 8.
function derivedUuid(hash) {
  const bytes = Buffer.from(hash, 'base64url').subarray(0, 16);
  bytes[6] = (bytes[6] & 0x0f) | 0x80;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return [[0, 8], [8, 12], [12, 16], [16, 20], [20, 32]].map(([a, b]) => hex.slice(a, b)).join('-');
}

// A lift proves its chits: legs lead to its root, its hash is its name, its referee signed.
async function verifyLift({ legs, root, authorisation, lift, certificate }, keys) {
  const read = async (what, { record, canonical: text, hash }) => {
    const value = JSON.parse(record);
    expect(`lift.json: ${what}: spelling`, canonical(value) === record);
    expect(`lift.json: ${what}: canonical form`, signedText(value) === text);
    expect(`lift.json: ${what}: hash`, (await sha256(text)) === hash);
    return value;
  };
  const { nonce, date, ...rest } = await read('lift', lift);
  expect('lift.json: lift', nonce && rest.legs === root && rest.payment === authorisation.hash && rest.quorum === 1);
  const paid = await read('authorisation', authorisation);
  expect('lift.json: payer', await verifies(keys.get('carol'), authorisation.canonical, paid.sign));
  const { lift: named, outcome, sign: [{ referee, sign: vote }] } = await read('certificate', certificate);
  expect('lift.json: decision', named === lift.hash && outcome === 'commit' && rest.referees[0] === referee);
  expect('lift.json: referee', referee === agentId(keys.get('agent')));
  expect('lift.json: vote', await verifies(keys.get('agent'), certificate.canonical, vote));
  for (const { leg, way, chit } of legs) {
    const { tally, by, units } = await read('leg', leg);
    expect(`lift.json: way of ${tally}`, (await rootOf(leg.hash, way)) === root);
    const name = await sha256(canonical({ kind: 'lift-chit', v: 1, lift: lift.hash, tally }));
    const uuid = derivedUuid(name);
    const follows = canonical({ kind: 'chit', v: 1, type: 'lift', uuid, tally, by, date, units, lift: lift.hash });
    expect(`lift.json: chit on ${tally}`, canonical(await read('chit', chit)) === follows);
  }
}

async function verify() {
  const { taken } = load('canonical.json');
  const texts = new Map();
  for (const { name, json, canonical: text, hash } of taken) {
    const found = signedText(JSON.parse(json));
    expect(`canonical.json: ${name}: canonical form is ${found}`, found === text);
    expect(`canonical.json: ${name}: hash`, (await sha256(found)) === hash);
    texts.set(name, found);
  }

  const keys = new Map();
  for (const { name, algorithm, secret, public: jwk, agent } of load('keys.json').keys) {
    keys.set(name, jwk);
    const { d, ...rest } = secret;
    expect(`keys.json: ${name}: secret and public part differ`, canonical(rest) === canonical(jwk));
    expect(`keys.json: ${name}: agent id`, algorithm !== 'EdDSA' || agentId(jwk) === agent);
    const signer = await subtle.importKey('jwk', own(secret), ALGORITHMS[algorithm].key, true, ['sign']);
    const good = await verifies(jwk, 'x', await sign(signer, algorithm, 'x'));
    expect(`keys.json: ${name}: what the secret signs, the public part must verify`, good && d);
  }

  for (const { key, case: name, signature } of load('signatures.json').signatures) {
    const good = await verifies(keys.get(key), texts.get(name), signature);
    expect(`signatures.json: ${name} by ${key}`, good);
    const other = await verifies(keys.get(key), `${texts.get(name)} `, signature);
    expect(`signatures.json: ${name} by ${key}: verifies another text`, !other);
  }

  await verifyRecords('records.json', load('records.json').records);
  await verifyLift(load('lift.json'), keys);

  const made = load('webcrypto.json');
  await verifyRecords('webcrypto.json', made.records);
  for (const { key, case: name, text, signature } of made.signatures) {
    const jwk = made.keys.find(({ name }) => name === key).public;
    expect(`webcrypto.json: ${name} by ${key}: text`, texts.get(name) === text);
    expect(`webcrypto.json: ${name} by ${key}`, await verifies(jwk, text, signature));
  }
}

// The records of records.json, by other keys: the stock signs ES256, the foil EdDSA.
async function makeRecords(keys, old) {
  const { records } = load('records.json');
  const ours = (name) => JSON.parse(records.find((it) => it.name === name).record);
  const party = Object.fromEntries(['stock', 'foil'].map((side, at) => [side, keys[at]]));
  const signed = async (record, { name, secret }) => {
    const key = await subtle.importKey('jwk', own(secret), ALGORITHMS[name].key, true, ['sign']);
    return sign(key, name, signedText(record));
  };
  const publicPart = ({ public: { kty, crv, x, y } }) => JSON.parse(JSON.stringify({ kty, crv, x, y }));

  const tally = ours('tally');
  delete tally.sign;
  for (const side of ['stock', 'foil']) {
    const cert = { ...tally[side].cert, public: publicPart(party[side]) };
    tally[side].cert = { ...cert, sign: await signed(cert, party[side]) };
  }
  const payment = ours('payment');
  const settings = ours('settings');
  const made = [];
  const add = async (name, record) => {
    const text = signedText(record);
    made.push({ name, record: canonical(record), canonical: text, hash: await sha256(text) });
  };
  const [stock, foil] = await Promise.all([signed(tally, party.stock), signed(tally, party.foil)]);
  await add('tally', { ...tally, sign: { hash: await sha256(signedText(tally)), stock, foil } });
  await add('payment', { ...payment, sign: await signed(payment, party.foil) });
  await add('settings', { ...settings, sign: await signed(settings, party.stock) });

  // Random signatures over unchanged texts are kept.
  const bare = (record) => JSON.stringify(JSON.parse(record), (name, value) => (name === 'sign' ? undefined : value));
  const same = old.length === made.length && made.every((it, at) => bare(it.record) === bare(old[at].record));
  const before = faults.length;
  if (same) await verifyRecords('old', old);
  return same && faults.splice(before).length === 0 ? old : made;
}

// What WebCrypto makes is random (keys, and ES256 signatures), so what still fits is kept.
async function make() {
  let old = { keys: [], signatures: [], records: [] };
  try {
    old = load('webcrypto.json');
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  }
  const keys = [];
  const signatures = [];
  for (const [name, { key }] of Object.entries(ALGORITHMS)) {
    let entry = old.keys.find((entry) => entry.name === name);
    if (!entry) {
      const pair = await subtle.generateKey(key, true, ['sign', 'verify']);
      const [secret, jwk] = await Promise.all(
        [pair.privateKey, pair.publicKey].map((half) => subtle.exportKey('jwk', half)),
      );
      entry = { name, secret, public: jwk };
    }
    keys.push(entry);
    const secret = await subtle.importKey('jwk', own(entry.secret), key, true, ['sign']);
    for (const { name: caseName, json } of load('canonical.json').taken) {
      const text = signedText(JSON.parse(json));
      const kept = old.signatures.find((it) => it.key === name && it.case === caseName);
      const good = kept && (await verifies(entry.public, text, kept.signature));
      const signature = good ? kept.signature : await sign(secret, name, text);
      signatures.push({ key: name, case: caseName, text, hash: await sha256(text), signature });
    }
  }
  const warning = 'The secrets are public. Never use these keys.';
  const records = await makeRecords(keys, old.records ?? []);
  const made = { warning, keys, signatures, records };
  writeFileSync(file('webcrypto.json'), `${JSON.stringify(made, null, 2)}\n`);
}

const command = process.argv[2];
if (command === 'make') {
  await make();
} else if (command === 'verify') {
  await verify();
  for (const fault of faults) console.error(`wrong: ${fault}`);
  if (faults.length) process.exit(1);
  console.log('all vectors verify');
} else {
  console.error('usage: node webcrypto.mjs verify|make');
  process.exit(2);
}
