// The fixture of tests on both engines; see engines.h.
#include "sql/testing/engines.h"

#include <cstdlib>
#include <filesystem>

namespace matsuri::sql {

TemporaryFolder::TemporaryFolder() {
  path_ = std::filesystem::temp_directory_path() / "matsuri-test-XXXXXX";
  if (mkdtemp(path_.data()) == nullptr) std::abort();
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

void ForEachEngine::SetUp() {
  if (GetParam() == Engine::mariadb && MariadbServer::get() == nullptr) {
    GTEST_SKIP() << "mariadbd is not installed (package mariadb-server)";
  }
}

DbOptions ForEachEngine::fresh_options(const std::string& name) {
  if (GetParam() == Engine::mariadb) return MariadbServer::get()->fresh_database(name);
  DbOptions options;
  options.name = name;
  options.sqlite_path = folder() + "/" + name + std::to_string(++count_) + ".sqlite";
  return options;
}

std::unique_ptr<Db> ForEachEngine::open(const DbOptions& options) {
  Result<std::unique_ptr<Db>> db = Db::open(options);
  if (!db.ok()) {
    std::fprintf(stderr, "%s\n", db.error().to_string().c_str());
    std::abort();
  }
  return std::move(db).value();
}

std::string engine_name(const ::testing::TestParamInfo<Engine>& info) {
  return info.param == Engine::sqlite ? "sqlite" : "mariadb";
}

}  // namespace matsuri::sql
