// The digest of a fold, written from docs/formats/state_digest.md.
#include <openssl/evp.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "clients/ctl/verify/partition_fold.h"
#include "ledger/core/check.h"

namespace fenfen::ctl {
namespace {

constexpr char kPrefix[] = "fenfen-state-v1";
constexpr size_t kFlushBytes = 64u << 10;

// SHA-256 of a text that is written piece by piece.
class Sha256 {
 public:
  Sha256() : context_(EVP_MD_CTX_new(), EVP_MD_CTX_free) { FENFEN_CHECK(EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) == 1); }
  // The text written so far and not yet hashed; append to it.
  std::string& text() {
    if (text_.size() >= kFlushBytes) Flush();
    return text_;
  }
  std::string Finish() {
    Flush();
    std::string digest(32, '\0');
    FENFEN_CHECK(EVP_DigestFinal_ex(context_.get(), reinterpret_cast<unsigned char*>(digest.data()), nullptr) == 1);
    return digest;
  }

 private:
  void Flush() {
    FENFEN_CHECK(EVP_DigestUpdate(context_.get(), text_.data(), text_.size()) == 1);
    text_.clear();
  }

  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
  std::string text_;
};

template <typename Integer>
void PutInt(std::string& out, Integer value) {
  for (size_t shift = 0; shift < 8 * sizeof(Integer); shift += 8) out.push_back(static_cast<char>(static_cast<uint64_t>(value) >> shift));
}

}  // namespace

std::string PartitionFold::Digest() const {
  FENFEN_CHECK(keep_bytes_);
  std::vector<std::pair<RecordKey, absl::string_view>> records(bytes_.begin(), bytes_.end());
  std::sort(records.begin(), records.end());
  std::vector<std::pair<AccountId, int64_t>> accounts;
  for (const auto& account : balances_) {
    if (account.second != 0) accounts.push_back(account);
  }
  std::sort(accounts.begin(), accounts.end());

  Sha256 hash;
  hash.text() = kPrefix;
  PutInt<uint16_t>(hash.text(), partition_.value());
  PutInt<uint64_t>(hash.text(), last_.value());
  PutInt<uint64_t>(hash.text(), records.size());
  for (const auto& [key, bytes] : records) {
    std::string& text = hash.text();
    PutInt<uint8_t>(text, static_cast<uint8_t>(key.kind));
    PutInt<uint64_t>(text, key.id);
    PutInt<uint64_t>(text, versions_.at(key));
    PutInt<uint32_t>(text, static_cast<uint32_t>(bytes.size()));
    text.append(bytes.data(), bytes.size());
  }
  PutInt<uint64_t>(hash.text(), accounts.size());
  for (const auto& [account, balance] : accounts) {
    std::string& text = hash.text();
    PutInt<uint8_t>(text, static_cast<uint8_t>(account.kind));
    PutInt<uint8_t>(text, static_cast<uint8_t>(account.asset));
    PutInt<uint64_t>(text, account.owner);
    PutInt<uint64_t>(text, static_cast<uint64_t>(balance));
  }
  return hash.Finish();
}

}  // namespace fenfen::ctl
