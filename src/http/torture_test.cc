// Goal: requests that broke other servers get the right answer or a clear error from ours; never a
// crash, a hang or a 500. Method: gunicorn's and llhttp's collections through a running server,
// each whole and byte by byte.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <string>

#include "http/server.h"
#include "http/testing_client.h"

namespace matsuri::http {
namespace {

namespace fs = std::filesystem;

// The files of an archive by name; none where the shared data is not there.
std::map<std::string, std::string> files_of(const std::string& archive_name) {
  const char* shared = std::getenv("MATSURI_SHARED");
  const fs::path archive =
      fs::path(shared != nullptr ? shared : "../shared") / "data/http_torture" / archive_name;
  std::map<std::string, std::string> files;
  if (!fs::exists(archive)) return files;
  std::string folder = (fs::temp_directory_path() / "http_torture_XXXXXX").string();
  if (::mkdtemp(folder.data()) == nullptr) return files;
  const std::string command = "tar --zstd -xf '" + archive.string() + "' -C '" + folder + "'";
  EXPECT_EQ(std::system(command.c_str()), 0);
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    std::ifstream file(entry.path(), std::ios::binary);
    files[fs::relative(entry.path(), folder).string()] = {std::istreambuf_iterator<char>(file),
                                                          std::istreambuf_iterator<char>()};
  }
  fs::remove_all(folder);
  return files;
}

// gunicorn writes line ends and control characters out, and its own line ends mean nothing.
std::string unescape(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n') continue;
    if (text[i] != '\\' || i + 1 == text.size()) {
      out += text[i];
      continue;
    }
    const char next = text[++i];
    if (next == 'r')
      out += '\r';
    else if (next == 'n')
      out += '\n';
    else if (next == 't')
      out += '\t';
    else if (next == 'f')
      out += '\f';
    else if (next == '0')
      out += '\0';
    else if (next == 'x' && i + 2 < text.size()) {
      out += static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16));
      i += 2;
    } else {
      out += '\\';
      out += next;
    }
  }
  return out;
}

// Most of them name no host, which HTTP/1.1 refuses by itself. With one they show what they are
// for.
std::string with_hosts(std::string bytes) {
  static constexpr std::string_view version = " HTTP/1.1\r\n";
  for (std::size_t at = bytes.find(version); at != std::string::npos;
       at = bytes.find(version, at + 1)) {
    const std::string header = bytes.substr(at, bytes.find("\r\n\r\n", at) - at);
    if (header.find("\nHost:") == std::string::npos)
      bytes.insert(at + version.size(), "Host: a\r\n");
  }
  return bytes;
}

class Torture : public testing::Test {
 protected:
  Torture() {
    ServerOptions options;
    options.port = 0;
    options.thread_count = 1;
    options.address_read = options.address_write = {.per_minute = 0, .burst = 0};
    // Any path of up to three segments: so that a body is read, not refused with the path.
    for (const std::string_view pattern :
         {"/", "/{a}", "/{a}/{b}", "/{a}/{b}/{c}", "/{a}/{b}/{c}/{d}"}) {
      for (const Method method :
           {Method::get, Method::post, Method::put, Method::patch, Method::del}) {
        router.add(method, pattern, {.body_size_max = 20'000},
                   [](const RequestPtr& request, Responder respond) {
                     respond.send(Response{.body = request->body});
                   });
      }
    }
    server = std::move(Server::listen(std::move(options), router)).value();
    server->start();
  }

  // The statuses of all answers to the bytes. A connection that does not end within the client's
  // patience gives a 0 at the end.
  std::vector<int> statuses_of(std::string_view bytes, std::size_t piece_size) {
    TestClient client(server->port());
    for (std::size_t at = 0; at < bytes.size(); at += piece_size)
      if (!client.send(bytes.substr(at, piece_size))) break;
    client.end_sending();
    std::vector<int> statuses;
    for (;;) {
      const Reply reply = client.read(is_head(bytes) ? BodyRule::none : BodyRule::by_length);
      if (reply.status == 0) break;
      statuses.push_back(reply.status);
    }
    if (!client.has_ended()) statuses.push_back(0);
    return statuses;
  }
  static bool is_head(std::string_view bytes) { return bytes.starts_with("HEAD"); }

  std::vector<int> check(std::string_view bytes) {
    const std::vector<int> whole = statuses_of(bytes, bytes.size() + 1);
    EXPECT_EQ(statuses_of(bytes, 1), whole) << "byte by byte";
    for (const int status : whole) {
      EXPECT_NE(status, 0) << "it hung, or was reset";
      EXPECT_NE(status, 500);
    }
    // Still well?
    EXPECT_EQ(TestClient(server->port()).get("/hello").status, 200);
    return whole;
  }

  Router router;
  std::unique_ptr<Server> server;
};

bool is_refused(const std::vector<int>& statuses) {
  return statuses.empty() || statuses.back() >= 400;
}

TEST_F(Torture, RefusesWhatGunicornRefuses) {
  const auto files = files_of("gunicorn_requests_invalid.tar.zst");
  if (files.empty()) GTEST_SKIP() << "http_torture is not in the shared data";
  // What a setting of gunicorn's tests makes too long, and headers that mean nothing to us.
  const std::set<std::string> fine = {"006.http",
                                      "007.http",
                                      "008.http",
                                      "010.http",
                                      "011.http",
                                      "012.http",
                                      "017.http",
                                      "019.http",
                                      "040.http",
                                      "chunked_07.http",
                                      "limit_header_default_01.http"};
  int count = 0;
  for (const auto& [name, text] : files) {
    if (!name.ends_with(".http")) continue;
    SCOPED_TRACE(name);
    const std::vector<int> statuses = check(with_hosts(unescape(text)));
    ++count;
    if (!fine.contains(name)) {
      EXPECT_TRUE(is_refused(statuses)) << testing::PrintToString(statuses);
    }
  }
  EXPECT_EQ(count, 74);
}

TEST_F(Torture, TakesWhatGunicornTakesButForWhatWeRefuseOnPurpose) {
  const auto files = files_of("gunicorn_requests_valid.tar.zst");
  if (files.empty()) GTEST_SKIP() << "http_torture is not in the shared data";
  const std::set<std::string> refused = {
      "005.http",  // a fragment, which no client sends
      "009.http",
      "012.http",  // Content-Type in a trailer
      "024.http",  // a target of over 8 KiB
      "025.http",  // transfer codings other than chunked
      "025_line.http",
      "029.http",
      "030.http",
      "rfc9112_smuggle_gzip_chunked_01.http",
      "rfc9112_smuggle_te_identity_chunked_01.http",
      "028.http",  // a space before the colon
      "031.http",  // methods that we do not know
      "031compat.http",
      "031compat2.http",
      "rfc9112_target_authority_connect_01.http",
      "rfc9112_target_authority_ipv6_01.http",
      "100.http",  // empty segments: there is no such path
      "099.http",  // ends before its body does
      "compat_obs_fold.http",
      "compat_obs_fold_huge.http",
      "pp_01.http",  // the PROXY protocol
      "pp_02.http",
      "pp_04.http",
      "pp_05.http",
      "rfc9112_target_absolute_userinfo_01.http",
  };
  int count = 0;
  for (const auto& [name, text] : files) {
    if (!name.ends_with(".http")) continue;
    SCOPED_TRACE(name);
    const std::vector<int> statuses = check(with_hosts(unescape(text)));
    ++count;
    EXPECT_EQ(is_refused(statuses), refused.contains(name)) << testing::PrintToString(statuses);
  }
  EXPECT_EQ(count, 63);
}

// What stands in "```http" blocks. llhttp's tests take both line ends for CRLF.
std::vector<std::string> requests_of(const std::string& markdown) {
  std::vector<std::string> out;
  static constexpr std::string_view begin = "```http\n";
  for (std::size_t at = markdown.find(begin); at != std::string::npos;
       at = markdown.find(begin, at)) {
    at += begin.size();
    const std::string_view block =
        std::string_view(markdown).substr(at, markdown.find("```", at) - at);
    std::string lines;
    for (std::size_t i = 0; i < block.size(); ++i) {
      if (block[i] == '\\' && i + 1 < block.size() && block[i + 1] == '\n') {
        ++i;  // a line that goes on
      } else {
        if (block[i] == '\n')
          lines += "\\r\\n";
        else
          lines += block[i];
      }
    }
    out.push_back(with_hosts(unescape(lines)));
  }
  return out;
}

TEST_F(Torture, SurvivesTheVectorsOfLlhttp) {
  const auto files = files_of("llhttp_md_vectors.tar.zst");
  if (files.empty()) GTEST_SKIP() << "http_torture is not in the shared data";
  int count = 0;
  for (const auto& [name, text] : files) {
    for (const std::string& bytes : requests_of(text)) {
      SCOPED_TRACE(name + ":\n" + bytes.substr(0, 500));
      check(bytes);
      ++count;
    }
  }
  EXPECT_GT(count, 200);
}

}  // namespace
}  // namespace matsuri::http
