#include "clients/ctl/stores/books_place.h"

#include <filesystem>
#include <memory>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "clients/ctl/stores/redis_books.h"
#include "server/config/config.h"
#include "server/stores/redis_settings.h"

namespace fenfen::ctl {

namespace {

constexpr absl::Duration kAnswerMax = absl::Seconds(30);

}  // namespace

absl::StatusOr<BooksPlace> ReadBooksPlace(const std::string& config_path) {
  const absl::StatusOr<server::Config> config = server::LoadConfig(config_path);
  if (!config.ok()) return config.status();
  BooksPlace place;
  place.zone = config->time_zone;
  if (config->journal.store == "postgres") {
    place.conninfo = config->stores.postgres.connection;
  } else {
    place.folder = absl::StrCat(config->data_dir, "/journal");
    place.snapshots = absl::StrCat(config->data_dir, "/snapshots");
    if (std::filesystem::is_directory(config->journal.archive_dir)) place.archive = config->journal.archive_dir;
  }
  if (config->stores.state != "redis") return place;
  absl::StatusOr<RedisStateOptions> redis = server::RedisOptionsOf(config->stores.redis, /*production=*/false);
  if (!redis.ok()) return redis.status();
  place.redis = *std::move(redis);
  return place;
}

absl::StatusOr<BooksPlace> FindBooksPlace(const std::string& named) {
  if (std::filesystem::is_regular_file(named)) return ReadBooksPlace(named);
  BooksPlace place;
  if (!absl::LoadTimeZone("Asia/Shanghai", &place.zone)) return absl::InternalError("the machine knows no time zone Asia/Shanghai");
  if (!std::filesystem::is_directory(named) &&
      (absl::StrContains(named, "=") || absl::StartsWith(named, "postgres:") || absl::StartsWith(named, "postgresql:"))) {
    place.conninfo = named;
    return place;
  }
  // Snapshots lie beside the journal, where a server has them; "…/journal/", however it was written.
  const std::filesystem::path folder = std::filesystem::absolute(named) / "";
  place.folder = named;
  place.snapshots = (folder.lexically_normal().parent_path().parent_path() / "snapshots").string();
  return place;
}

absl::StatusOr<std::vector<RedisPartitionDigest>> ReadRedisDigests(const RedisStateOptions& redis) {
  const absl::StatusOr<std::unique_ptr<RedisBooks>> books = RedisBooks::Connect(redis, kAnswerMax);
  if (!books.ok()) return books.status();
  std::vector<RedisPartitionDigest> digests;
  for (uint16_t p = 0; p < kPartitions; ++p) {
    const absl::StatusOr<State::Digest> digest = (*books)->DigestOf(PartitionId(p));
    if (digest.ok()) {
      digests.push_back({PartitionId(p), digest->seq, digest->sha256, ""});
    } else if (absl::IsNotFound(digest.status()) || absl::IsDataLoss(digest.status())) {
      digests.push_back({PartitionId(p), PartitionSeq(0), "", std::string(digest.status().message())});
    } else {
      return digest.status();
    }
  }
  return digests;
}

}  // namespace fenfen::ctl
