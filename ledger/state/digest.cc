#include "ledger/state/digest.h"

#include <openssl/evp.h>
#include <openssl/sha.h>

#include <algorithm>
#include <cstring>
#include <memory>

#include "ledger/core/check.h"

namespace fenfen {
namespace {

// Feeds little-endian integers and bytes to SHA-256.
class Hasher {
 public:
  Hasher() : context_(EVP_MD_CTX_new(), EVP_MD_CTX_free) { FENFEN_CHECK(EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) == 1); }
  void Raw(const void* data, size_t size) { FENFEN_CHECK(EVP_DigestUpdate(context_.get(), data, size) == 1); }
  template <typename Integer>
  void Int(Integer value) {
    Raw(&value, sizeof(value));
  }
  std::string Finish() {
    std::string digest(SHA256_DIGEST_LENGTH, '\0');
    FENFEN_CHECK(EVP_DigestFinal_ex(context_.get(), reinterpret_cast<unsigned char*>(digest.data()), nullptr) == 1);
    return digest;
  }

 private:
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
};

}  // namespace

std::string DigestBuilder::Finish() {
  std::sort(records_.begin(), records_.end(), [](const Record& a, const Record& b) { return a.key < b.key; });
  std::sort(accounts_.begin(), accounts_.end());
  Hasher hasher;
  constexpr char kPrefix[] = "fenfen-state-v1";
  hasher.Raw(kPrefix, std::strlen(kPrefix));
  hasher.Int<uint16_t>(partition_.value());
  hasher.Int<uint64_t>(seq_.value());
  hasher.Int<uint64_t>(records_.size());
  for (const Record& record : records_) {
    hasher.Int(static_cast<uint8_t>(record.key.kind));
    hasher.Int<uint64_t>(record.key.id);
    hasher.Int<uint64_t>(record.version.value());
    hasher.Int(static_cast<uint32_t>(record.bytes.size()));
    hasher.Raw(record.bytes.data(), record.bytes.size());
  }
  hasher.Int<uint64_t>(accounts_.size());
  for (const auto& [account, balance] : accounts_) {
    hasher.Int(static_cast<uint8_t>(account.kind));
    hasher.Int(static_cast<uint8_t>(account.asset));
    hasher.Int<uint64_t>(account.owner);
    hasher.Int<int64_t>(balance.hundredths());
  }
  return hasher.Finish();
}

}  // namespace fenfen
