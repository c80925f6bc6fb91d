// Runs a test on both engines: every test of a store is a TEST_P of a fixture made from this.
//
//   class PostsTest : public sql::ForEachEngine {};
//   MATSURI_FOR_EACH_ENGINE(PostsTest);
//   TEST_P(PostsTest, KeepsAPost) { auto db = open(); … }
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "sql/db.h"
#include "sql/testing/mariadb_server.h"

namespace matsuri::sql {

// A folder that goes with the test.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

class ForEachEngine : public ::testing::TestWithParam<Engine> {
 protected:
  // Skips, with a message, where the engine is not installed.
  void SetUp() override;

  // A database that no other test has: another one with every call.
  DbOptions fresh_options(const std::string& name = "test");
  // Opens it; a failure ends the test program.
  std::unique_ptr<Db> open(const DbOptions& options);
  std::unique_ptr<Db> open() { return open(fresh_options()); }

  const std::string& folder() const { return folder_.path(); }

 private:
  TemporaryFolder folder_;
  unsigned count_ = 0;
};

std::string engine_name(const ::testing::TestParamInfo<Engine>& info);

}  // namespace matsuri::sql

#define MATSURI_FOR_EACH_ENGINE(Fixture)                                                  \
  INSTANTIATE_TEST_SUITE_P(                                                               \
      Engines, Fixture,                                                                   \
      ::testing::Values(::matsuri::sql::Engine::sqlite, ::matsuri::sql::Engine::mariadb), \
      ::matsuri::sql::engine_name)
