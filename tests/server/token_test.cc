// Tokens: each bad one its own reason (RFC 8725). Tokens are put together here by hand, so that nothing is wrong in the same way on both
// sides.
#include "server/auth/token.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <memory>
#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "clients/cpp/key_file.h"
#include "ledger/core/errors.h"
#include "server/auth/authenticator.h"

namespace fenfen::server {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1'767'225'600);

class Tokens : public testing::Test {
 protected:
  static std::string Header(const std::string& kid) { return absl::StrCat(R"({"alg":"EdDSA","typ":"at+jwt","kid":")", kid, R"("})"); }
  static std::string Claims(const std::string& iss, const std::string& sub, const std::string& role, const std::string& aud = "fenfen",
                            int64_t age = 60, int64_t life = 3600) {
    const int64_t iat = absl::ToUnixSeconds(kNow) - age;
    return absl::StrCat(R"({"iss":")", iss, R"(","aud":")", aud, R"(","sub":")", sub, R"(","role":")", role, R"(","iat":)", iat,
                        R"(,"exp":)", iat + life, "}");
  }
  static std::string Unsigned(const std::string& header, const std::string& claims) {
    return absl::StrCat(absl::WebSafeBase64Escape(header), ".", absl::WebSafeBase64Escape(claims));
  }
  static std::string Signed(const client::Ed25519Key& key, const std::string& header, const std::string& claims) {
    const std::string text = Unsigned(header, claims);
    return absl::StrCat(text, ".", absl::WebSafeBase64Escape(key.Sign(text)));
  }
  static std::string Hs256(const std::string& secret, const std::string& header, const std::string& claims) {
    const std::string text = Unsigned(header, claims);
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()), reinterpret_cast<const unsigned char*>(text.data()), text.size(),
         mac, &size);
    return absl::StrCat(text, ".", absl::WebSafeBase64Escape(absl::string_view(reinterpret_cast<const char*>(mac), size)));
  }
  absl::StatusOr<Caller> Verify(const std::string& token, absl::Time now = kNow) const {
    return verifier.Verify(token, now,
                           [this](absl::string_view name) { return name == "devices/d-1" ? device_key.PublicBytes() : std::string(); });
  }
  std::string ReasonOf(const std::string& token, absl::Time now = kNow) const {
    const absl::StatusOr<Caller> caller = Verify(token, now);
    return caller.ok() ? "OK" : std::string(NameOf(RefusalOf(caller.status()).reason));
  }

  const client::Ed25519Key bridge_key = *client::Ed25519Key::Generate();
  const client::Ed25519Key device_key = *client::Ed25519Key::Generate();
  const client::Ed25519Key other_key = *client::Ed25519Key::Generate();
  const TokenVerifier verifier{{{"bridge", Issuer{bridge_key.PublicBytes(), {v1::ROLE_RESIDENT, v1::ROLE_STAFF}}}}};
  const std::string resident = Claims("bridge", "households/7/members/2", "RESIDENT");
};

TEST_F(Tokens, AGoodOneTellsWhoItIs) {
  const absl::StatusOr<Caller> caller = Verify(Signed(bridge_key, Header("bridge"), resident));
  ASSERT_TRUE(caller.ok()) << caller.status();
  EXPECT_EQ(caller->role, v1::ROLE_RESIDENT);
  EXPECT_EQ(caller->household, HouseholdId(7));
  EXPECT_EQ(caller->member, 2u);
  EXPECT_EQ(caller->actor.kind, ActorKind::kMember);
  EXPECT_EQ(caller->expires, kNow + absl::Seconds(3540));
}

TEST_F(Tokens, UnsignedOrOtherwiseSigned) {
  const std::string none = R"({"alg":"none","typ":"at+jwt","kid":"bridge"})";
  EXPECT_EQ(ReasonOf(Unsigned(none, resident) + "."), "TOKEN_UNSIGNED");
  EXPECT_EQ(ReasonOf(Signed(bridge_key, none, resident)), "TOKEN_UNSIGNED");
  EXPECT_EQ(ReasonOf(Unsigned(Header("bridge"), resident) + "."), "TOKEN_UNSIGNED") << "EdDSA said, nothing there";
  for (const char* algorithm : {"None", "NONE", "HS256", "RS256", "ES256", "eddsa", ""}) {
    EXPECT_EQ(ReasonOf(Signed(bridge_key, absl::StrCat(R"({"alg":")", algorithm, R"(","typ":"at+jwt","kid":"bridge"})"), resident)),
              "TOKEN_UNSIGNED")
        << algorithm;
  }
  // Algorithm confusion: the public key, which everybody may know, as an HMAC secret.
  const std::string hs256 = R"({"alg":"HS256","typ":"at+jwt","kid":"bridge"})";
  EXPECT_EQ(ReasonOf(Hs256(bridge_key.PublicPem(), hs256, resident)), "TOKEN_UNSIGNED");
  EXPECT_EQ(ReasonOf(Hs256(bridge_key.PublicBytes(), hs256, resident)), "TOKEN_UNSIGNED");
  EXPECT_EQ(ReasonOf(Hs256(bridge_key.PublicBytes(), Header("bridge"), resident)), "TOKEN_INVALID");
}

TEST_F(Tokens, TheKeyIsNeverTheTokensToChoose) {
  EXPECT_EQ(ReasonOf(Signed(other_key, Header("bridge"), resident)), "TOKEN_INVALID");
  EXPECT_EQ(ReasonOf(Signed(other_key, Header("nobody"), resident)), "TOKEN_INVALID");
  for (const char* kid : {"../bridge", "/dev/null", "bridge\\u0000x", "' OR 1=1 --", ""}) {
    EXPECT_EQ(ReasonOf(Signed(other_key, Header(kid), resident)), "TOKEN_INVALID") << kid;
  }
  const std::string jwk = absl::StrCat(R"({"alg":"EdDSA","typ":"at+jwt","kid":"bridge","jwk":{"kty":"OKP","crv":"Ed25519","x":")",
                                       absl::WebSafeBase64Escape(other_key.PublicBytes()), R"("}})");
  EXPECT_EQ(ReasonOf(Signed(other_key, jwk, resident)), "TOKEN_INVALID");
  EXPECT_EQ(ReasonOf(Signed(bridge_key, jwk, resident)), "TOKEN_INVALID") << "even where the signature would hold";
  EXPECT_EQ(ReasonOf(Signed(bridge_key, R"({"alg":"EdDSA","typ":"at+jwt","kid":"bridge","crit":["x"]})", resident)), "TOKEN_INVALID");
  // Two keys, of which a careless reader takes the last.
  EXPECT_EQ(ReasonOf(Signed(other_key, R"({"alg":"none","alg":"EdDSA","typ":"at+jwt","kid":"bridge"})", resident)), "TOKEN_INVALID");
}

TEST_F(Tokens, TypeIssuerAudience) {
  EXPECT_EQ(ReasonOf(Signed(bridge_key, R"({"alg":"EdDSA","typ":"JWT","kid":"bridge"})", resident)), "TOKEN_INVALID");
  EXPECT_EQ(ReasonOf(Signed(bridge_key, R"({"alg":"EdDSA","kid":"bridge"})", resident)), "TOKEN_INVALID");
  EXPECT_EQ(ReasonOf(Signed(bridge_key, Header("bridge"), Claims("operator", "households/7/members/2", "RESIDENT"))), "TOKEN_INVALID");
  EXPECT_EQ(ReasonOf(Signed(bridge_key, Header("bridge"), Claims("bridge", "households/7/members/2", "RESIDENT", "bank"))),
            "TOKEN_WRONG_AUDIENCE");
}

TEST_F(Tokens, RolesAreTheIssuersAndSubjectsTheRoles) {
  const auto reason = [this](const std::string& sub, const std::string& role) {
    return ReasonOf(Signed(bridge_key, Header("bridge"), Claims("bridge", sub, role)));
  };
  EXPECT_EQ(reason("staff/s-1", "STAFF"), "OK");
  EXPECT_EQ(reason("operators/o-1", "OPERATOR"), "TOKEN_INVALID") << "not the bridge's to give";
  EXPECT_EQ(reason("households/7/members/2", "STAFF"), "TOKEN_INVALID");
  EXPECT_EQ(reason("staff/s-1", "RESIDENT"), "TOKEN_INVALID");
  EXPECT_EQ(reason("staff/s-1", "UNSPECIFIED"), "TOKEN_INVALID");
  EXPECT_EQ(reason("staff/s-1", ""), "TOKEN_INVALID");
  EXPECT_EQ(reason("staff/s/1", "STAFF"), "TOKEN_INVALID");
  EXPECT_EQ(reason("households/07/members/2", "RESIDENT"), "TOKEN_INVALID");
  EXPECT_EQ(reason("households/0/members/2", "RESIDENT"), "TOKEN_INVALID");
}

TEST_F(Tokens, Times) {
  const auto with = [this](int64_t age, int64_t life) {
    return ReasonOf(Signed(bridge_key, Header("bridge"), Claims("bridge", "staff/s-1", "STAFF", "fenfen", age, life)));
  };
  EXPECT_EQ(with(0, 86'400), "OK");
  EXPECT_EQ(with(-290, 3600), "OK") << "a clock a little ahead";
  EXPECT_EQ(with(-310, 3600), "TOKEN_INVALID");
  EXPECT_EQ(with(0, 86'401), "TOKEN_INVALID") << "longer than any token may live";
  EXPECT_EQ(with(3600, 3600), "TOKEN_EXPIRED");
  EXPECT_EQ(with(3599, 3600), "OK");
  EXPECT_EQ(with(10, 0), "TOKEN_INVALID");
  EXPECT_EQ(with(10, -5), "TOKEN_INVALID");
  const std::string text = R"({"iss":"bridge","aud":"fenfen","sub":"staff/s-1","role":"STAFF","iat":"1","exp":"9999999999"})";
  EXPECT_EQ(ReasonOf(Signed(bridge_key, Header("bridge"), text)), "TOKEN_INVALID") << "text is no number";
}

TEST_F(Tokens, DevicesSignForThemselves) {
  const std::string claims = Claims("devices/d-1", "devices/d-1", "DEVICE");
  const absl::StatusOr<Caller> caller = Verify(Signed(device_key, Header("devices/d-1"), claims));
  ASSERT_TRUE(caller.ok()) << caller.status();
  EXPECT_EQ(caller->key, device_key.PublicBytes());
  EXPECT_EQ(ReasonOf(Signed(other_key, Header("devices/d-1"), claims)), "TOKEN_INVALID");
  EXPECT_EQ(ReasonOf(Signed(device_key, Header("devices/d-2"), Claims("devices/d-2", "devices/d-2", "DEVICE"))), "DEVICE_UNKNOWN");
  EXPECT_EQ(ReasonOf(Signed(device_key, Header("devices/d-1"), Claims("devices/d-1", "devices/d-2", "DEVICE"))), "TOKEN_INVALID");
  EXPECT_EQ(ReasonOf(Signed(device_key, Header("devices/d-1"), Claims("devices/d-1", "staff/s-1", "STAFF"))), "TOKEN_INVALID");
  EXPECT_EQ(ReasonOf(Signed(bridge_key, Header("bridge"), Claims("bridge", "devices/d-1", "DEVICE"))), "TOKEN_INVALID");
}

TEST_F(Tokens, Garbage) {
  const std::string good = Signed(bridge_key, Header("bridge"), resident);
  EXPECT_EQ(ReasonOf(""), "TOKEN_INVALID");
  EXPECT_EQ(ReasonOf("a.b"), "TOKEN_INVALID");
  EXPECT_EQ(ReasonOf("a.b.c.d.e"), "TOKEN_INVALID");
  EXPECT_EQ(ReasonOf(good + "="), "TOKEN_INVALID");
  EXPECT_EQ(ReasonOf(good + "."), "TOKEN_INVALID");
  EXPECT_EQ(ReasonOf(std::string(5000, 'a')), "TOKEN_INVALID");
  EXPECT_EQ(ReasonOf(Signed(bridge_key, "[]", resident)), "TOKEN_INVALID");
  EXPECT_EQ(ReasonOf(Signed(bridge_key, Header("bridge"), "not json")), "TOKEN_INVALID");
  for (size_t i = 0; i < good.size(); i += 7) {
    std::string changed = good;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_NE(ReasonOf(changed), "OK") << i;
  }
}

TEST_F(Tokens, TheCacheIsBoundedAndForgetsTheLeastRecentlyUsed) {
  TokenCache cache(16);
  const auto caller = std::make_shared<const Caller>();
  for (int i = 0; i < 1000; ++i) cache.Insert(TokenCache::DigestOf(absl::StrCat("token ", i)), caller);
  EXPECT_LE(cache.size(), 16u);
  EXPECT_EQ(cache.Find(TokenCache::DigestOf("token 0")), nullptr);
  const TokenCache::Digest last = TokenCache::DigestOf("token 999");
  EXPECT_EQ(cache.Find(last), caller);
  cache.Erase(last);
  EXPECT_EQ(cache.Find(last), nullptr);
}

TEST_F(Tokens, ACachedTokenStillExpires) {
  const Directory nobody([](absl::string_view) { return std::optional<Directory::Enrolled>(); });
  Authenticator authenticator(verifier, nobody);
  const Catalogue catalogue;
  const std::string header = "Bearer " + Signed(bridge_key, Header("bridge"), resident);
  EXPECT_TRUE(authenticator.Authenticate(header, catalogue, kNow).ok());
  EXPECT_EQ(authenticator.cached(), 1u);
  EXPECT_TRUE(authenticator.Authenticate(header, catalogue, kNow + absl::Seconds(3539)).ok());
  const auto late = authenticator.Authenticate(header, catalogue, kNow + absl::Seconds(3540));
  EXPECT_EQ(RefusalOf(late.status()).reason, Reason::REASON_TOKEN_EXPIRED);
  EXPECT_EQ(authenticator.cached(), 0u);
  EXPECT_EQ(RefusalOf(authenticator.Authenticate("", catalogue, kNow).status()).reason, Reason::REASON_TOKEN_MISSING);
  EXPECT_EQ(RefusalOf(authenticator.Authenticate("Basic eA==", catalogue, kNow).status()).reason, Reason::REASON_TOKEN_INVALID);
}

}  // namespace
}  // namespace fenfen::server
