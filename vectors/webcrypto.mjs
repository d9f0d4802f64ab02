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
const OUTSIDE = { contract: ['rid'], chit: ['sign', 'proof', 'witness'] };
const outside = ({ kind }) => OUTSIDE[kind] ?? ['sign'];

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

const tallyIn = (records) => records.map(({ record }) => JSON.parse(record)).find(({ kind }) => kind === 'tally');

async function verifyRecords(name, records) {
  const tally = tallyIn(records);
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

// What is said of a lift between sites, by whom, and what its referees may decide.
async function verifyDecided(found) {
  const name = (what) => `decided.json: ${what}`;
  const read = async (what, { record, canonical: text, hash }, out = ['sign']) => {
    const value = JSON.parse(record);
    expect(name(`${what}: spelling`), canonical(value) === record);
    expect(name(`${what}: canonical form`), signedText(value, out) === text);
    expect(name(`${what}: hash`), (await sha256(text)) === hash);
    return value;
  };
  const signed = async (what, entry, jwk) => {
    const value = await read(what, entry);
    expect(name(`${what}: signature`), await verifies(jwk, entry.canonical, value.sign));
    expect(name(`${what}: lift`), value.lift === found.lift.hash);
    return value;
  };
  const lift = await read('lift', found.lift);
  const same = (one, other) => canonical(one) === canonical(other);
  const isParticipant = (key) => lift.participants.some((participant) => same(participant, key));
  expect(name('referees'), same(lift.referees, found.referees.map(agentId)));
  expect(name('quorum'), lift.quorum === 3 && lift.referees.length === 4);
  for (const entry of found.conditionals) {
    const { side, leg, key } = JSON.parse(entry.record);
    await signed(`conditional of the ${side}`, entry, found.agents[side]);
    const leaf = await sha256(canonical({ kind: 'leaf', v: 1, leg: await sha256(canonical(leg)), nonce: lift.nonce }));
    expect(name(`conditional of the ${side}: leg`), leaf === lift.legs && isParticipant(key));
  }
  await read('judged', found.judged, []);
  const promises = [];
  for (const entry of found.promises) {
    const promise = await signed('promise', entry, JSON.parse(entry.record).by);
    expect(name('promise: judged'), promise.judged === found.judged.hash);
    promises.push(promise);
  }
  expect(name('promises: by whom'), same(promises.map(({ by }) => by), lift.participants));
  const refused = await signed('refused', found.refused, JSON.parse(found.refused.record).by);
  expect(name('refused: by whom'), isParticipant(refused.by));
  const late = [];
  for (const entry of found.late) {
    const { referee } = JSON.parse(entry.record);
    late.push(await signed('late', entry, found.referees.find((jwk) => agentId(jwk) === referee)));
  }
  const because = { valid: { promises }, void: { refused }, too_late: { late } };
  for (const [which, evidence] of Object.entries(because)) {
    const out = ['promises', 'refused', 'late', 'sign'];
    const { sign, promises, refused, late, ...decision } = await read(which, found[which], out);
    const has = JSON.parse(JSON.stringify({ promises, refused, late }));
    expect(name(`${which}: because`), same(has, evidence));
    expect(name(`${which}: lift`), decision.lift === found.lift.hash);
    expect(name(`${which}: outcome`), decision.outcome === (which === 'valid' ? 'commit' : 'void'));
    expect(name(`${which}: quorum`), new Set(sign.map(({ referee }) => referee)).size === lift.quorum);
    for (const { referee, sign: vote } of sign) {
      const jwk = found.referees.find((jwk) => agentId(jwk) === referee);
      expect(name(`${which}: vote`), await verifies(jwk, found[which].canonical, vote));
    }
  }
}

// The name of a key: its thumbprint (RFC 7638).
const nameOf = ({ kty, crv, x, y }) => sha256(canonical(kty === 'EC' ? { crv, kty, x, y } : { crv, kty, x }));

const linkAfter = async (tally, { index, hash: prior }, chit) => {
  const next = index + 1;
  return { index: next, hash: await sha256(canonical({ kind: 'link', v: 1, tally, index: next, prior, chit })) };
};

const otherSide = (side) => (side === 'stock' ? 'foil' : 'stock');

// What chits about keys do along a chain, written from the protocol's text: which chits count, whose key
// is in force, what the foil's half sums to. Chits are [{ chit, hash, head }].
async function walk(tally, chits) {
  const genesis = { index: 0, hash: tally.sign.hash };
  const sides = {};
  for (const side of ['stock', 'foil']) {
    const { public: jwk } = tally[side].cert;
    sides[side] = { keys: [{ jwk, name: undefined, at: 0 }], asked: [], known: [canonical(jwk)] };
  }
  const now = (side) => sides[side].keys.at(-1);
  const free = (jwk) => ['stock', 'foil'].every((side) => !sides[side].known.includes(canonical(jwk)));
  const heads = [genesis, ...chits.map(({ head }) => head)];
  const done = new Set();
  for (const { chit, hash, head: { index } } of chits) {
    const ring = sides[chit.by];
    const stands = ({ index: at, hash: there }) => at < index && heads[at].hash === there;
    const inForce = now(chit.by).jwk !== null && chit.key === now(chit.by).name;
    const next = ring.keys.length;
    // A key ends with chits up to `until`; another one comes, or none.
    const replace = async (jwk, until, claimed) => {
      now(chit.by).until = until;
      ring.keys.push({ jwk, name: jwk ? await nameOf(jwk) : null, at: index, claimed });
      if (jwk) ring.known.push(canonical(jwk));
      done.add(hash);
      for (const one of sides[otherSide(chit.by)].asked) if (one.open() && one.consent > until) delete one.consent;
    };
    const asked = (side) => sides[side].asked.find((one) => one.hash === chit.request && one.open());
    switch (chit.type) {
      case 'key':
        if (inForce && chit.counter === next && stands(chit.head) && chit.head.index >= now(chit.by).at && free(chit.public)) {
          await replace(chit.public, chit.head.index);
        }
        break;
      case 'end': {
        // Any key since the last claim may end the one in force.
        const since = ring.keys.findLastIndex(({ claimed }) => claimed);
        const by = ring.keys.slice(Math.max(since, 0)).find(({ jwk, name }) => jwk && name === chit.key);
        if (now(chit.by).jwk && by && stands(chit.head) && chit.head.index >= by.at) await replace(null, chit.head.index);
        break;
      }
      case 'lost': {
        const fits = chit.counter === next && stands(chit.head) && chit.head.index >= now(chit.by).at && free(chit.public);
        const one = { hash, jwk: chit.public, until: chit.head.index };
        one.open = () => fits && !one.over && ring.keys.length === next;
        ring.asked.push(one);
        if (fits) done.add(hash);
        break;
      }
      case 'consent': {
        const one = inForce && asked(otherSide(chit.by));
        if (one && one.consent === undefined) {
          for (const other of sides[otherSide(chit.by)].asked) other.over ||= other.consent !== undefined;
          one.consent = index;
          done.add(hash);
        }
        break;
      }
      case 'object': {
        const one = inForce && asked(chit.by);
        if (one) {
          one.over = true;
          done.add(hash);
        }
        break;
      }
      case 'claim': {
        const one = asked(chit.by);
        if (one?.consent !== undefined && chit.key === (await nameOf(one.jwk)) && free(one.jwk)) {
          await replace(one.jwk, one.until, true);
        }
        break;
      }
      default:
    }
  }
  const counts = ({ chit, hash, head: { index } }) => {
    if (!['tran', 'set'].includes(chit.type)) return chit.type === 'lift' || done.has(hash);
    const of = sides[chit.by].keys.filter(({ jwk, name }) => jwk && name === chit.key);
    return of.some((key) => key === now(chit.by) || index <= key.until);
  };
  const all = chits.map((it) => ({ ...it, counts: counts(it) }));
  const effect = ({ chit, counts: good }) => (good ? (chit.units ?? 0) * (chit.by === 'foil' ? -1 : 1) : 0);
  const keys = { stock: now('stock').jwk, foil: now('foil').jwk };
  return { all, keys, balance: all.reduce((sum, it) => sum + effect(it), 0) };
}

// A chain about keys: every signature by the key that its chit names, each link, and the verdict.
async function verifyChain(name, tally, { links, keys, balance_of_foil: balance }) {
  const known = { stock: [tally.stock.cert.public], foil: [tally.foil.cert.public] };
  const chits = links.map(({ record, hash, head }) => ({ chit: JSON.parse(record), hash, head }));
  let head = { index: 0, hash: tally.sign.hash };
  for (const [at, { record, canonical: text, hash, head: said }] of links.entries()) {
    const { chit } = chits[at];
    const what = `${name}: ${at + 1}, ${chit.type}`;
    expect(`${what}: spelling`, canonical(chit) === record && signedText(chit, outside(chit)) === text);
    expect(`${what}: hash`, (await sha256(text)) === hash);
    head = await linkAfter(tally.uuid, head, hash);
    expect(`${what}: link`, canonical(head) === canonical(said));
    if (chit.type === 'lost' || chit.type === 'key') known[chit.by].push(chit.public);
    let signer = chit.type === 'lost' ? chit.public : undefined;
    for (const jwk of signer ? [] : known[chit.by]) {
      const first = canonical(jwk) === canonical(known[chit.by][0]);
      if (chit.key === (first ? undefined : await nameOf(jwk))) signer = jwk;
    }
    expect(`${what}: signature`, signer && (await verifies(signer, text, chit.sign)));
    expect(`${what}: proof`, chit.type !== 'key' || (await verifies(chit.public, text, chit.proof)));
    if (chit.type === 'claim') {
      const site = load('keys.json').keys.find(({ agent: id }) => tally[chit.by].cert.chad.includes(id));
      expect(`${what}: witness`, await verifies(site.public, text, chit.witness));
    }
    const other = signedText({ ...chit, date: '2026-11-22T10:00:00.001Z' }, outside(chit));
    expect(`${what}: good though changed`, !(await verifies(signer, other, chit.sign)));
  }
  const found = await walk(tally, chits);
  for (const [at, it] of found.all.entries()) expect(`${name}: ${at + 1} counts`, it.counts === links[at].counts);
  expect(`${name}: keys`, JSON.stringify(found.keys.stock) === JSON.stringify(keys.stock)
    && JSON.stringify(found.keys.foil) === JSON.stringify(keys.foil));
  expect(`${name}: balance`, found.balance === balance);
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
  await verifyDecided(load('decided.json'));
  await verifyChain('rekey.json', tallyIn(load('records.json').records), load('rekey.json'));

  const made = load('webcrypto.json');
  await verifyRecords('webcrypto.json', made.records);
  await verifyChain('webcrypto.json', tallyIn(made.records), made.chain);
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

// A chain about keys on this tally: a request that is objected to, one that is claimed, and an end. New
// keys are those of keys.json.
async function makeChain(keys, tally, old) {
  const [{ secret: stock, name: ES256 }, { secret: foil, name: EdDSA }] = keys;
  const given = Object.fromEntries(load('keys.json').keys.map((it) => [it.name, it]));
  const next = { secret: given.bob.secret, jwk: given.bob.public };
  const signed = async (text, secret, algorithm) => {
    const key = await subtle.importKey('jwk', own(secret), ALGORITHMS[algorithm].key, true, ['sign']);
    return sign(key, algorithm, text);
  };
  const chits = [];
  let head = { index: 0, hash: tally.sign.hash };
  const add = async (by, what, secret, algorithm, key) => {
    const number = String(chits.length + 1).padStart(2, '0');
    const uuid = `2d8f7a1b-6e3c-4f20-8b4d-0000000000${number}`;
    const chit = { kind: 'chit', v: 1, uuid, tally: tally.uuid, by, date: `2026-11-22T13:${number}:00.000Z`, ...what };
    if (key) chit.key = await nameOf(key);
    const text = signedText(chit, outside(chit));
    chit.sign = await signed(text, secret, algorithm);
    if (what.type === 'claim') chit.witness = await signed(text, given.agent.secret, 'EdDSA');
    const hash = await sha256(text);
    head = await linkAfter(tally.uuid, head, hash);
    chits.push({ chit, text, hash, head });
    return hash;
  };
  const lost = () => ({ type: 'lost', counter: 1, head, public: next.jwk, wait_days: 30 });
  await add('foil', { type: 'tran', units: 500 }, foil, EdDSA);
  const first = await add('foil', lost(), next.secret, 'ES256');
  await add('foil', { type: 'object', request: first }, foil, EdDSA);
  const second = await add('foil', lost(), next.secret, 'ES256');
  await add('stock', { type: 'consent', request: second }, stock, ES256);
  await add('foil', { type: 'claim', request: second }, next.secret, 'ES256', next.jwk);
  await add('foil', { type: 'tran', units: 70 }, foil, EdDSA);
  await add('foil', { type: 'tran', units: 8 }, next.secret, 'ES256', next.jwk);
  await add('stock', { type: 'end', head }, stock, ES256);
  await add('stock', { type: 'tran', units: 9 }, stock, ES256);
  const { all, keys: now, balance } = await walk(tally, chits);
  const links = chits.map(({ chit, text, hash, head: at }, place) => (
    { record: canonical(chit), canonical: text, hash, head: at, counts: all[place].counts }));
  const made = { links, keys: now, balance_of_foil: balance };
  const bare = (chain) => JSON.stringify(chain.links.map(({ record, ...rest }) => rest)) + JSON.stringify(chain.keys);
  const before = faults.length;
  const same = old && bare(old) === bare(made);
  if (same) await verifyChain('old', tally, old);
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
  const chain = await makeChain(keys, tallyIn(records), old.chain);
  const made = { warning, keys, signatures, records, chain };
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
