// The default transport: libcurl's multi interface, moved along by poll(), which never waits.
#include <curl/curl.h>

#include <algorithm>
#include <map>
#include <utility>

#include "matsuri/transport.h"

namespace matsuri {
namespace {

struct Transfer {
  CURL* easy = nullptr;
  curl_slist* headers = nullptr;
  HttpRequest request;
  HttpResponse response;
  std::size_t response_size_max = 0;
  bool is_too_long = false;
  Transport::Answered answered;
};

std::size_t on_body(char* data, std::size_t one, std::size_t count, void* to) {
  auto& transfer = *static_cast<Transfer*>(to);
  const std::size_t size = one * count;
  if (transfer.response.body.size() + size > transfer.response_size_max) {
    transfer.is_too_long = true;
    return 0;
  }
  transfer.response.body.append(data, size);
  return size;
}

std::size_t on_header(char* data, std::size_t one, std::size_t count, void* to) {
  auto& response = static_cast<Transfer*>(to)->response;
  const std::size_t size = one * count;
  const std::string_view line(data, size);
  // A status line: of a 1xx before, or of the answer.
  if (line.substr(0, 5) == "HTTP/") response.headers.clear();
  const std::size_t colon = line.find(':');
  if (colon == line.npos) return size;
  std::string_view value = line.substr(colon + 1);
  const char* const space = " \t\r\n";
  value.remove_prefix(std::min(value.find_first_not_of(space), value.size()));
  value = value.substr(0, value.find_last_not_of(space) + 1);
  response.headers.emplace_back(line.substr(0, colon), value);
  return size;
}

class CurlTransport final : public Transport {
 public:
  explicit CurlTransport(CurlOptions options) : options_(std::move(options)) {
    static const CURLcode global = curl_global_init(CURL_GLOBAL_DEFAULT);
    (void)global;
    multi_ = curl_multi_init();
  }
  CurlTransport(const CurlTransport&) = delete;
  CurlTransport& operator=(const CurlTransport&) = delete;

  ~CurlTransport() override {
    for (auto& [easy, transfer] : transfers_) release(*transfer);
    curl_multi_cleanup(multi_);
  }

  void start(HttpRequest request, Answered answered) override {
    auto transfer = std::make_unique<Transfer>();
    transfer->easy = curl_easy_init();
    transfer->request = std::move(request);
    transfer->response_size_max = options_.response_size_max;
    transfer->answered = std::move(answered);
    if (multi_ == nullptr || transfer->easy == nullptr || !prepare(*transfer) ||
        curl_multi_add_handle(multi_, transfer->easy) != CURLM_OK) {
      transfer->response.failure = "libcurl takes no request";
      failed_.push_back(std::move(transfer));
      return;
    }
    CURL* const easy = transfer->easy;
    transfers_[easy] = std::move(transfer);
  }

  void poll() override {
    int running = 0;
    curl_multi_perform(multi_, &running);
    std::vector<std::unique_ptr<Transfer>> ended;
    ended.swap(failed_);
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      const auto found = transfers_.find(message->easy_handle);
      finish(*found->second, message->data.result);
      ended.push_back(std::move(found->second));
      transfers_.erase(found);
    }
    for (const auto& transfer : ended) {
      release(*transfer);
      transfer->answered(std::move(transfer->response));
    }
  }

 private:
  bool prepare(Transfer& transfer) {
    const HttpRequest& request = transfer.request;
    CURL* const easy = transfer.easy;
    for (const auto& [name, value] : request.headers) {
      // libcurl takes "Name;" for a header without a value.
      const std::string line = value.empty() ? name + ";" : name + ": " + value;
      curl_slist* const longer = curl_slist_append(transfer.headers, line.c_str());
      if (longer == nullptr) return false;
      transfer.headers = longer;
    }
    bool ok = true;
    const auto set = [&](CURLoption option, auto value) {
      ok = ok && curl_easy_setopt(easy, option, value) == CURLE_OK;
    };
    set(CURLOPT_URL, request.url.c_str());
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
    if (!request.body.empty() || request.method == "POST") {
      set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
      set(CURLOPT_POSTFIELDS, request.body.c_str());
    }
    set(CURLOPT_HTTPHEADER, transfer.headers);
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeout_ms));
    set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options_.connect_timeout_ms));
    set(CURLOPT_USERAGENT, "matsuri-client/0.1");
    if (!options_.ca_file.empty()) set(CURLOPT_CAINFO, options_.ca_file.c_str());
    set(CURLOPT_WRITEFUNCTION, &on_body);
    set(CURLOPT_WRITEDATA, static_cast<void*>(&transfer));
    set(CURLOPT_HEADERFUNCTION, &on_header);
    set(CURLOPT_HEADERDATA, static_cast<void*>(&transfer));
    return ok;
  }

  static void finish(Transfer& transfer, CURLcode code) {
    HttpResponse& response = transfer.response;
    if (code != CURLE_OK) {
      response.headers.clear();
      response.body.clear();
      response.failure = transfer.is_too_long ? "the answer is too long" : curl_easy_strerror(code);
      return;
    }
    long status = 0;
    curl_easy_getinfo(transfer.easy, CURLINFO_RESPONSE_CODE, &status);
    response.status = static_cast<int>(status);
  }

  void release(Transfer& transfer) {
    if (transfer.easy != nullptr) {
      curl_multi_remove_handle(multi_, transfer.easy);
      curl_easy_cleanup(transfer.easy);
    }
    curl_slist_free_all(transfer.headers);
    transfer.headers = nullptr;
    transfer.easy = nullptr;
  }

  CurlOptions options_;
  CURLM* multi_ = nullptr;
  std::map<CURL*, std::unique_ptr<Transfer>> transfers_;
  std::vector<std::unique_ptr<Transfer>> failed_;  // could not be started
};

}  // namespace

std::unique_ptr<Transport> make_curl_transport(CurlOptions options) {
  return std::make_unique<CurlTransport>(std::move(options));
}

}  // namespace matsuri
