// Where the books are kept: the configuration's [state], [redis] and [postgres]. The journal's own settings are in config.h.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace fenfen::server {

class TableReader;

struct RedisConfig {
  // Where it is; one of the three. None: 127.0.0.1:6379.
  std::string address;                 // "HOST:PORT" or "unix:/run/redis.sock"
  std::vector<std::string> sentinels;  // "HOST:PORT" each, with `master_name`
  std::vector<std::string> cluster;    // "HOST:PORT" each: some nodes of a Redis Cluster, which tell of the others

  std::string master_name;             // as the sentinels call it
  std::string sentinel_user;           // of the sentinels' own ACL; empty = "default"
  std::string sentinel_password_file;  // as password_file; empty = they ask for none
  std::string user;                    // of the ACL; empty = "default"
  std::string password_file;           // holds the password in one line; empty = none
  std::string ca;                      // PEM file; set = TLS
  std::string certificate;             // PEM file; ours, where Redis asks for one; with `key`
  std::string key;
  std::string server_name;                         // in Redis' certificate; empty = the address' host
  std::string deployment = "fenfen";               // begins all keys: several deployments can share a Redis
  absl::Duration open_timeout = absl::Minutes(2);  // how long a start waits until Redis has all of the journal
};

struct PostgresConfig {
  std::string connection;                      // a libpq connection string: "host=db1,db2 dbname=fenfen user=fenfend passfile=…"
  absl::Duration timeout = absl::Seconds(10);  // for connecting, and for each answer
};

struct StoresConfig {
  std::string state = "memory";  // or "redis" ([redis])
  RedisConfig redis;
  PostgresConfig postgres;
};

// Reads the tables of these names under `root`; the first thing wrong goes to `status`.
void ReadStores(TableReader& root, absl::Status& status, StoresConfig& config);
// INVALID_ARGUMENT naming the key at fault. `journal_store`: the configuration's journal.store.
absl::Status CheckStores(const StoresConfig& config, const std::string& journal_store);
// What is relative to the configuration's folder.
std::vector<std::string*> PathsOf(StoresConfig& config);

}  // namespace fenfen::server
