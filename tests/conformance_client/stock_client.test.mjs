// A stock gRPC client that was given no proto file of ours: everything it knows it learns from the server's reflection.
// Run with FENFEN_GRPC=127.0.0.1:PORT, as scripts/with-district sets it.
import assert from 'node:assert/strict';
import test from 'node:test';
import grpc from '@grpc/grpc-js';
import reflection from 'grpc-js-reflection-client';

const address = process.env.FENFEN_GRPC;
assert.ok(address, 'FENFEN_GRPC is not set: run me through scripts/with-district');
const plaintext = grpc.credentials.createInsecure();
const deadline = () => ({ deadline: Date.now() + 10_000 });
const SERVICES = ['AuditService', 'CatalogueService', 'DropService', 'HouseholdService', 'IdentityService', 'StationService',
  'VoucherService'];

// Debian's gRPC 1.51 speaks the alpha version of the reflection protocol.
const reflector = new reflection.GrpcReflection(address, plaintext, {}, 'v1alpha');

// A client for a service, made from the descriptors that the server sends.
async function clientOf(service) {
  const descriptor = await reflector.getDescriptorBySymbol(`fenfen.v1.${service}`);
  const types = descriptor.getPackageObject({ keepCase: true, longs: Number, enums: String, defaults: true });
  return new types.fenfen.v1[service](address, plaintext);
}

function call(client, method, request) {
  return new Promise((resolve, reject) => {
    client[method](request, new grpc.Metadata(), deadline(), (error, reply) => (error ? reject(error) : resolve(reply)));
  }).finally(() => client.close());
}

test('reflection lists every service, and health beside them', async () => {
  const listed = await reflector.listServices();
  for (const service of SERVICES) assert.ok(listed.includes(`fenfen.v1.${service}`), `${service} is missing of ${listed}`);
  assert.ok(listed.includes('grpc.health.v1.Health'), `health is missing of ${listed}`);
});

test('a read made from reflection alone: the rules in force', async () => {
  const { rule_set: rules } = await call(await clientOf('CatalogueService'), 'GetRuleSet', {});
  assert.ok(rules.version >= 1);
  const food = rules.rules.find((rule) => rule.category === 'CATEGORY_FOOD');
  assert.ok(food, 'no rule for food');
  assert.ok(food.reward_per_kg + food.reward_per_drop > 0, JSON.stringify(food));
});

test('a list made from reflection alone: the offers, cheapest first', async () => {
  const { offers } = await call(await clientOf('CatalogueService'), 'ListOffers', {});
  assert.ok(offers.length > 0);
  const prices = offers.map((offer) => offer.price);
  assert.deepEqual(prices, [...prices].sort((a, b) => a - b));
});

test('a call without a token is refused with its reason in the standard detail', async () => {
  const client = await clientOf('HouseholdService');
  const asked = call(client, 'GetBalance', { household: 'households/10000001' });
  const error = await asked.then(() => assert.fail('it was let in'), (refused) => refused);
  assert.equal(error.code, grpc.status.UNAUTHENTICATED, error.message);
  const [details] = error.metadata.get('grpc-status-details-bin');
  assert.match(details.toString('latin1'), /google\.rpc\.ErrorInfo/);
  assert.match(details.toString('latin1'), /TOKEN_MISSING/);
});

test('the standard health service says SERVING', async () => {
  // The C++ runtime's own health service carries no descriptor, so the two-byte message is read by hand: field 1, value 1 = SERVING.
  const path = '/grpc.health.v1.Health/Check';
  const same = (bytes) => bytes;
  const raw = { requestSerialize: same, responseDeserialize: same, requestDeserialize: same, responseSerialize: same };
  const Health = grpc.makeGenericClientConstructor({ Check: { path, requestStream: false, responseStream: false, ...raw } }, 'Health');
  assert.deepEqual([...await call(new Health(address, plaintext), 'Check', Buffer.alloc(0))], [8, 1]);
});
