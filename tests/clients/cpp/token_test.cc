// Tokens as a server reads them, and the files that keys lie in.
#include "clients/cpp/token.h"

#include <gtest/gtest.h>
#include <rhonabwy.h>
#include <sys/stat.h>

#include <filesystem>

namespace fenfen::client {
namespace {

struct Parsed {
  bool signature_holds = false;
  std::string alg, typ, kid, iss, aud, sub, role;
  int64_t iat = 0, exp = 0;
};

std::string Text(const char* value) { return value == nullptr ? "" : value; }

// Reads a token as a server would, by the library's own parser.
Parsed Parse(const std::string& token, const Ed25519Key& key) {
  jwt_t* jwt = nullptr;
  r_jwt_init(&jwt);
  Parsed parsed;
  const std::string pem = key.PublicPem();
  jwk_t* public_key = nullptr;
  r_jwk_init(&public_key);
  r_jwk_import_from_pem_der(public_key, R_X509_TYPE_PUBKEY, R_FORMAT_PEM, reinterpret_cast<const unsigned char*>(pem.data()), pem.size());
  EXPECT_EQ(r_jwt_parse(jwt, token.c_str(), R_FLAG_IGNORE_REMOTE), RHN_OK);
  parsed.signature_holds = r_jwt_verify_signature(jwt, public_key, R_FLAG_IGNORE_REMOTE) == RHN_OK;
  parsed.alg = Text(r_jwt_get_header_str_value(jwt, "alg"));
  parsed.typ = Text(r_jwt_get_header_str_value(jwt, "typ"));
  parsed.kid = Text(r_jwt_get_header_str_value(jwt, "kid"));
  parsed.iss = Text(r_jwt_get_claim_str_value(jwt, "iss"));
  parsed.aud = Text(r_jwt_get_claim_str_value(jwt, "aud"));
  parsed.sub = Text(r_jwt_get_claim_str_value(jwt, "sub"));
  parsed.role = Text(r_jwt_get_claim_str_value(jwt, "role"));
  parsed.iat = r_jwt_get_claim_int_value(jwt, "iat");
  parsed.exp = r_jwt_get_claim_int_value(jwt, "exp");
  r_jwk_free(public_key);
  r_jwt_free(jwt);
  return parsed;
}

TEST(TokenSigner, MintsWhatTheServerExpects) {
  const Ed25519Key key = *Ed25519Key::Generate();
  const TokenSigner signer = *TokenSigner::FromKey(key, "bridge");
  const Parsed parsed = Parse(signer.Mint("households/7/members/1", "RESIDENT", absl::FromUnixSeconds(1'767'225'600), absl::Hours(2)), key);
  EXPECT_TRUE(parsed.signature_holds);
  EXPECT_EQ(parsed.alg, "EdDSA");
  EXPECT_EQ(parsed.typ, "at+jwt");
  EXPECT_EQ(parsed.kid, "bridge");
  EXPECT_EQ(parsed.iss, "bridge");
  EXPECT_EQ(parsed.aud, "fenfen");
  EXPECT_EQ(parsed.sub, "households/7/members/1");
  EXPECT_EQ(parsed.role, "RESIDENT");
  EXPECT_EQ(parsed.iat, 1'767'225'600);
  EXPECT_EQ(parsed.exp - parsed.iat, 7200);
}

TEST(TokenSigner, AnotherKeyDoesNotVerify) {
  const TokenSigner signer = *TokenSigner::FromKey(*Ed25519Key::Generate(), "operator");
  EXPECT_FALSE(Parse(signer.Mint("operators/a", "OPERATOR", absl::Now(), absl::Hours(1)), *Ed25519Key::Generate()).signature_holds);
}

TEST(TokenSigner, CutsALifeToTheLimit) {
  const Ed25519Key key = *Ed25519Key::Generate();
  const Parsed parsed = Parse(TokenSigner::FromKey(key, "a")->Mint("s", "STAFF", absl::Now(), absl::Hours(48)), key);
  EXPECT_EQ(parsed.exp - parsed.iat, 24 * 3600);
}

TEST(MintedTokens, AreKeptUntilAQuarterOfTheirLifeIsLeft) {
  absl::Time now = absl::FromUnixSeconds(1'767'225'600);
  const TokenSource source =
      MintedTokens(*TokenSigner::FromKey(*Ed25519Key::Generate(), "a"), "s", "STAFF", absl::Hours(4), [&now] { return now; });
  const std::string first = source(false);
  now += absl::Hours(2);
  EXPECT_EQ(source(false), first);
  now += absl::Hours(1);
  const std::string second = source(false);
  EXPECT_NE(second, first);
  now += absl::Seconds(1);
  EXPECT_NE(source(true), second);
}

class KeyFile : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/fenfen-key-XXXXXX";
    folder_ = mkdtemp(name);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string folder_;
};

TEST_F(KeyFile, APrivateKeyIsForItsOwnerAlone) {
  const Ed25519Key key = *Ed25519Key::Generate();
  const std::string path = folder_ + "/a.key.pem";
  ASSERT_TRUE(WriteNewFile(path, key.PrivatePem(), /*secret=*/true).ok());
  struct stat info;
  ASSERT_EQ(stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  EXPECT_EQ(Ed25519Key::FromPemFile(path)->PublicBytes(), key.PublicBytes());
  chmod(path.c_str(), 0640);
  EXPECT_EQ(Ed25519Key::FromPemFile(path).status().code(), absl::StatusCode::kPermissionDenied);
}

TEST_F(KeyFile, AnExistingFileIsNeverReplaced) {
  ASSERT_TRUE(WriteNewFile(folder_ + "/a", "first", true).ok());
  EXPECT_EQ(WriteNewFile(folder_ + "/a", "second", true).code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(*ReadKeyFile(folder_ + "/a", true), "first");
}

TEST_F(KeyFile, OtherKeysAreRefused) {
  EXPECT_EQ(Ed25519Key::FromPem("not a key").status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Ed25519Key::FromPem(Ed25519Key::Generate()->PublicPem()).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Ed25519Key::FromPemFile(folder_ + "/none").status().code(), absl::StatusCode::kNotFound);
}

TEST(Ed25519, ASignatureHoldsForItsMessageAndKeyAlone) {
  const Ed25519Key key = *Ed25519Key::Generate();
  const std::string signature = key.Sign("message");
  EXPECT_TRUE(VerifyEd25519(key.PublicBytes(), "message", signature));
  EXPECT_FALSE(VerifyEd25519(key.PublicBytes(), "messagf", signature));
  EXPECT_FALSE(VerifyEd25519(Ed25519Key::Generate()->PublicBytes(), "message", signature));
  EXPECT_FALSE(VerifyEd25519(key.PublicBytes(), "message", signature.substr(1)));
}

}  // namespace
}  // namespace fenfen::client
