// The bridge's small parts: compression, pages, buckets, the cache, tokens, subjects, QR images.
#include <gtest/gtest.h>
#include <png.h>
#include <qrencode.h>
#include <stdlib.h>
#include <zlib.h>

#include <filesystem>
#include <fstream>
#include <memory>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "clients/cpp/error.h"
#include "clients/cpp/key_file.h"
#include "clients/cpp/token.h"
#include "mini_program_bridge/compress.h"
#include "mini_program_bridge/qr_image.h"
#include "mini_program_bridge/rate_limiter.h"
#include "mini_program_bridge/response_cache.h"
#include "mini_program_bridge/static_files.h"
#include "mini_program_bridge/token_check.h"
#include "mini_program_bridge/wechat.h"

namespace fenfen::bridge {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1750000000);

std::string Gunzip(const std::string& data) {
  z_stream stream = {};
  inflateInit2(&stream, 16 + MAX_WBITS);
  std::string out(1 << 20, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(data.data()));
  stream.avail_in = static_cast<uInt>(data.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  // Z_STREAM_END says that the checksum and the length held as well.
  const bool ended = inflate(&stream, Z_FINISH) == Z_STREAM_END && stream.avail_in == 0;
  out.resize(ended ? stream.total_out : 0);
  inflateEnd(&stream);
  return out;
}

TEST(Compress, AcceptEncodingIsReadWithItsWeights) {
  const auto show = [](absl::string_view header) {
    const AcceptedEncodings accepted = ParseAcceptEncoding(header);
    return absl::StrCat(accepted.gzip ? "gzip " : "", accepted.brotli ? "br" : "");
  };
  EXPECT_EQ(show(""), "");
  EXPECT_EQ(show("gzip, deflate, br"), "gzip br");
  EXPECT_EQ(show("GZIP;q=0.5 , br;q=0"), "gzip ");
  EXPECT_EQ(show("gzip;q=0"), "");
  EXPECT_EQ(show("gzip;q=x"), "");
  EXPECT_EQ(show("*"), "gzip ");
  EXPECT_EQ(show("identity"), "");
}

TEST(Compress, AGzipBodyInTwoPartsIsOneMember) {
  std::string head;
  for (int i = 0; i < 3000; ++i) absl::StrAppend(&head, "{\"row\":", i, "},");
  for (const std::string& tail : {std::string(), std::string("x"), std::string(65535, 'y')}) {
    const std::string whole = GzipFinish(GzipFirst(head, 5), tail);
    EXPECT_EQ(Gunzip(whole), head + tail);
    EXPECT_LT(whole.size(), head.size() / 2 + tail.size());
  }
  EXPECT_EQ(Gunzip(GzipFinish(GzipFirst("", 5), "only")), "only");
}

class StaticFilesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/fenfen_pages_XXXXXX";
    ASSERT_NE(mkdtemp(name), nullptr);
    folder_ = name;
    Write("index.html", "<html><script>let a = 1;</script><script src=\"/x.js\"></script>" + std::string(2000, ' ') + "</html>");
    Write("assets/index-DiwrgTda.js", "console.log(" + std::string(3000, '1') + ")");
    Write("assets/index.js", "console.log(2)");
    Write("console/index.html", "<p>console</p>");
    Write(".git/config", "secret");
    Write("../fenfen_outside.txt", "outside");
    std::filesystem::create_symlink("/etc", folder_ + "/etc");
    std::filesystem::create_symlink("/etc/passwd", folder_ + "/passwd");
    absl::StatusOr<StaticFiles> files = StaticFiles::Load(folder_);
    ASSERT_TRUE(files.ok()) << files.status();
    files_ = *std::move(files);
  }
  void TearDown() override {
    std::filesystem::remove_all(folder_);
    std::filesystem::remove("/tmp/fenfen_outside.txt");
  }
  void Write(const std::string& path, const std::string& bytes) {
    std::filesystem::create_directories(std::filesystem::path(folder_ + "/" + path).parent_path());
    std::ofstream(folder_ + "/" + path) << bytes;
  }

  std::string folder_;
  StaticFiles files_;
};

TEST_F(StaticFilesTest, NothingLeadsOutOfTheFolder) {
  EXPECT_EQ(files_.size(), 4u);
  for (const char* path : {"/../fenfen_outside.txt", "/assets/../index.html", "//index.html", "/.git/config", "/passwd", "/etc/passwd", "",
                           "index.html", "/./index.html", "/\\..\\index.html"}) {
    EXPECT_FALSE(files_.Serve(path, "", "").has_value()) << path;
  }
}

TEST_F(StaticFilesTest, AHashedAssetIsImmutableAndAPageIsNot) {
  EXPECT_EQ(files_.Serve("/assets/index-DiwrgTda.js", "", "")->Header("Cache-Control"), "public, max-age=31536000, immutable");
  EXPECT_EQ(files_.Serve("/assets/index.js", "", "")->Header("Cache-Control"), "no-cache");
  EXPECT_EQ(files_.Serve("/", "", "")->Header("Cache-Control"), "no-cache");
  EXPECT_TRUE(HasContentHash("/assets/a.B3-_cdEf.css"));
  EXPECT_FALSE(HasContentHash("/assets/lazy-skeleton.js"));
  EXPECT_FALSE(HasContentHash("/static/logo-DiwrgTda.png"));
}

TEST_F(StaticFilesTest, AnEncodingIsChosenAndHasItsOwnTag) {
  const HttpResponse plain = *files_.Serve("/", "", ""), gzip = *files_.Serve("/", "gzip", ""), brotli = *files_.Serve("/", "gzip, br", "");
  EXPECT_EQ(plain.Header("Content-Encoding"), "");
  EXPECT_EQ(gzip.Header("Content-Encoding"), "gzip");
  EXPECT_EQ(brotli.Header("Content-Encoding"), "br");
  EXPECT_EQ(Gunzip(*gzip.body), *plain.body);
  EXPECT_NE(gzip.Header("ETag"), plain.Header("ETag"));
  EXPECT_EQ(gzip.Header("Vary"), "Accept-Encoding");
  EXPECT_EQ(files_.Serve("/assets/index.js", "gzip", "")->Header("Content-Encoding"), "") << "too small to gain";
}

TEST_F(StaticFilesTest, IfNoneMatchSparesTheBody) {
  const std::string tag(files_.Serve("/", "gzip", "")->Header("ETag"));
  for (const std::string& given : {tag, "W/" + tag, "\"other\", " + tag, std::string("*")}) {
    const HttpResponse response = *files_.Serve("/", "gzip", given);
    EXPECT_EQ(response.status, 304) << given;
    EXPECT_TRUE(response.body->empty());
  }
  EXPECT_EQ(files_.Serve("/", "", tag)->status, 200) << "another encoding is another representation";
}

TEST_F(StaticFilesTest, AFolderIsItsIndex) {
  EXPECT_EQ(*files_.Serve("/console/", "", "")->body, "<p>console</p>");
  EXPECT_EQ(files_.Serve("/console", "", "")->status, 308);
  EXPECT_EQ(files_.Serve("/console", "", "")->Header("Location"), "/console/");
}

TEST_F(StaticFilesTest, OnlyThePagesOwnInlineScriptsMayRun) {
  const std::string policy(files_.Serve("/", "", "")->Header("Content-Security-Policy"));
  EXPECT_NE(policy.find("script-src 'self' 'sha256-"), std::string::npos) << policy;
  EXPECT_EQ(policy.find("'unsafe-inline'; script-src"), std::string::npos);
  EXPECT_EQ(InlineScriptHashes("<script src=a></script><script type=module src=b></script>"), "");
  EXPECT_EQ(InlineScriptHashes("<SCRIPT>a</SCRIPT>"), " 'sha256-ypeBEsobvcr6wjGzmiPcTaeG7/gUfE5yuYB3ha/uSLs='");
}

TEST(StaticFiles, AMissingFolderIsAnError) { EXPECT_FALSE(StaticFiles::Load("/nonexistent/pages").ok()); }

TEST(RateLimiter, ABucketEmptiesAndFillsAgain) {
  RateLimiter limiter(10, 3);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(limiter.Take("a", kNow), absl::ZeroDuration());
  EXPECT_EQ(limiter.Take("a", kNow), absl::Milliseconds(100));
  EXPECT_EQ(limiter.Take("b", kNow), absl::ZeroDuration()) << "another caller has its own";
  EXPECT_EQ(limiter.Take("a", kNow + absl::Milliseconds(100)), absl::ZeroDuration());
  EXPECT_GT(limiter.Take("a", kNow - absl::Hours(1)), absl::ZeroDuration()) << "a clock that steps back gives nothing";
}

TEST(RateLimiter, HoldsABoundedNumberOfCallers) {
  RateLimiter limiter(1, 1);
  for (std::size_t i = 0; i < 3 * RateLimiter::kCallersMax; ++i) EXPECT_EQ(limiter.Take(absl::StrCat(i), kNow), absl::ZeroDuration());
  RateLimiter off(0, 1);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(off.Take("a", kNow), absl::ZeroDuration());
}

std::shared_ptr<const CachedReply> Reply(std::size_t size, absl::Time expires) {
  auto reply = std::make_shared<CachedReply>();
  reply->head = std::string(size, 'x');
  reply->expires = expires;
  return reply;
}

TEST(ResponseCache, KeepsUntilExpiryAndWithinItsBytes) {
  ResponseCache cache(1000);
  cache.Put("a", Reply(400, kNow + absl::Seconds(5)));
  cache.Put("b", Reply(400, kNow + absl::Seconds(9)));
  EXPECT_NE(cache.Find("a", kNow), nullptr);
  EXPECT_EQ(cache.Find("a", kNow + absl::Seconds(5)), nullptr);
  cache.Put("a", Reply(400, kNow + absl::Seconds(5)));
  cache.Put("c", Reply(400, kNow + absl::Seconds(20)));
  EXPECT_EQ(cache.Find("a", kNow), nullptr) << "the first to expire made room";
  EXPECT_NE(cache.Find("b", kNow), nullptr);
  EXPECT_NE(cache.Find("c", kNow), nullptr);
  cache.Put("d", Reply(2000, kNow + absl::Seconds(20)));
  EXPECT_EQ(cache.Find("d", kNow), nullptr);
  EXPECT_NE(cache.Find("c", kNow), nullptr);
}

class TokenCheckTest : public ::testing::Test {
 protected:
  TokenCheckTest()
      : key_(*client::Ed25519Key::Generate()),
        signer_(*client::TokenSigner::FromKey(key_, "bridge")),
        check_("bridge", key_.PublicBytes()) {}

  std::string Check(const std::string& token, absl::Time now = kNow) {
    const auto verdict = check_.Check(token.empty() ? "" : "Bearer " + token, now);
    if (const Refusal* refusal = std::get_if<Refusal>(&verdict)) return client::ReasonName(refusal->reason);
    return std::get<Caller>(verdict).subject;
  }
  // Signs any header and claims with our own key.
  std::string Forge(const std::string& header, const std::string& claims) {
    const std::string part = absl::WebSafeBase64Escape(header) + "." + absl::WebSafeBase64Escape(claims);
    return part + "." + absl::WebSafeBase64Escape(key_.Sign(part));
  }
  static std::string Claims(const std::string& changed) {
    return absl::StrCat(R"({"iss":"bridge","aud":"fenfen","sub":"staff/a","role":"STAFF","iat":1749999000,"exp":1750001000)", changed, "}");
  }
  const std::string header_ = R"({"alg":"EdDSA","typ":"at+jwt","kid":"bridge"})";

  client::Ed25519Key key_;
  client::TokenSigner signer_;
  TokenCheck check_;
};

TEST_F(TokenCheckTest, OursIsTakenUntilItExpires) {
  const std::string token = signer_.Mint("households/1/members/1", "RESIDENT", kNow, absl::Hours(1));
  EXPECT_EQ(Check(token), "households/1/members/1");
  EXPECT_EQ(Check(token, kNow + absl::Minutes(59)), "households/1/members/1");
  EXPECT_EQ(Check(token, kNow + absl::Hours(1)), "TOKEN_EXPIRED");
  EXPECT_EQ(Check(Forge(header_, Claims(""))), "staff/a");
}

TEST_F(TokenCheckTest, EachFlawHasItsReason) {
  const std::string token = signer_.Mint("staff/a", "STAFF", kNow, absl::Hours(1));
  const std::vector<std::string> parts = absl::StrSplit(token, '.');
  EXPECT_EQ(Check(""), "TOKEN_MISSING");
  EXPECT_EQ(Check("x"), "TOKEN_INVALID");
  EXPECT_EQ(Check(std::string(5000, 'x')), "TOKEN_INVALID");
  EXPECT_EQ(Check(parts[0] + "." + parts[1] + "."), "TOKEN_UNSIGNED");
  EXPECT_EQ(Check(absl::WebSafeBase64Escape(R"({"alg":"none"})") + "." + parts[1] + ".e30"), "TOKEN_UNSIGNED");
  EXPECT_EQ(Check(Forge(R"({"alg":"HS256","typ":"at+jwt","kid":"bridge"})", Claims(""))), "TOKEN_UNSIGNED");
  EXPECT_EQ(Check(Forge(R"({"alg":"EdDSA","typ":"JWT","kid":"bridge"})", Claims(""))), "TOKEN_INVALID");
  EXPECT_EQ(Check(Forge(R"({"alg":"EdDSA","typ":"at+jwt","kid":"../bridge"})", Claims(""))), "TOKEN_INVALID");
  EXPECT_EQ(Check(Forge(header_, R"({"iss":"bridge","aud":"other","sub":"a","role":"STAFF","iat":1749999000,"exp":1750001000})")),
            "TOKEN_WRONG_AUDIENCE");
  EXPECT_EQ(Check(Forge(header_, R"({"iss":"other","aud":"fenfen","sub":"a","role":"STAFF","iat":1749999000,"exp":1750001000})")),
            "TOKEN_INVALID");
  EXPECT_EQ(Check(Forge(header_, R"({"iss":"bridge","aud":"fenfen","sub":"a","role":"KING","iat":1749999000,"exp":1750001000})")),
            "TOKEN_INVALID");
  EXPECT_EQ(Check(Forge(header_, R"({"iss":"bridge","aud":"fenfen","sub":"a","role":"STAFF","iat":1749999000,"exp":1850001000})")),
            "TOKEN_INVALID");
  EXPECT_EQ(Check(Forge(header_, Claims(R"(,"aud":"fenfen")"))), "TOKEN_INVALID") << "a claim given twice";
  const client::TokenSigner other = *client::TokenSigner::FromKey(*client::Ed25519Key::Generate(), "bridge");
  EXPECT_EQ(Check(other.Mint("staff/a", "STAFF", kNow, absl::Hours(1))), "TOKEN_INVALID");
}

TEST(Wechat, ASubjectIsTheKeyedHashOfAppAndPerson) {
  std::string key;
  for (char i = 0; i < 32; ++i) key.push_back(i);
  // The worked example of docs/formats/subject.md.
  EXPECT_EQ(WechatSubject(key, "wx0000000000000001", "oTest-0001"), "T2UT1EuQRNSYbKE7ObZNQg");
  EXPECT_NE(WechatSubject(key, "wx0000000000000002", "oTest-0001"), "T2UT1EuQRNSYbKE7ObZNQg");
}

TEST(QrImage, DrawsEveryModule) {
  const std::string text = "FV1.0123456789ABCDEFGHJKM";
  const absl::StatusOr<std::string> png = QrPng(text);
  ASSERT_TRUE(png.ok()) << png.status();
  png_image image = {};
  image.version = PNG_IMAGE_VERSION;
  ASSERT_NE(png_image_begin_read_from_memory(&image, png->data(), png->size()), 0);
  image.format = PNG_FORMAT_GRAY;
  std::vector<png_byte> pixels(PNG_IMAGE_SIZE(image));
  ASSERT_NE(png_image_finish_read(&image, nullptr, pixels.data(), 0, nullptr), 0);
  const std::unique_ptr<QRcode, void (*)(QRcode*)> code(
      QRcode_encodeData(static_cast<int>(text.size()), reinterpret_cast<const unsigned char*>(text.data()), 0, QR_ECLEVEL_M), QRcode_free);
  ASSERT_EQ(image.width, static_cast<png_uint_32>((code->width + 8) * 8));
  for (int y = -4; y < code->width + 4; ++y) {
    for (int x = -4; x < code->width + 4; ++x) {
      const bool inside = x >= 0 && y >= 0 && x < code->width && y < code->width;
      const bool black = inside && (code->data[y * code->width + x] & 1) != 0;
      ASSERT_EQ(pixels[((y + 4) * 8 + 4) * image.width + (x + 4) * 8 + 4], black ? 0 : 255) << x << "," << y;
    }
  }
}

}  // namespace
}  // namespace fenfen::bridge
