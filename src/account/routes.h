// The HTTP half of account: parse, call once, render. And who asks: the Authenticator that the
// server calls for every request.
#pragma once

#include <string_view>

#include "account/apply.h"
#include "account/credential.h"
#include "account/directory.h"
#include "account/exec.h"
#include "http/router.h"
#include "http/server.h"
#include "sql/db.h"

namespace matsuri::account {

// From the session cookie or the bearer token of a request, by memory alone. Thread-safe.
class CredentialAuthenticator final : public http::Authenticator {
 public:
  CredentialAuthenticator(const Signer& signer, const Standings& standings, Accounts& accounts,
                          bool behind_tls)
      : signer_(signer), standings_(standings), accounts_(accounts), behind_tls_(behind_tls) {}

  Result<http::Caller> authenticate(const http::Request& request) override;

 private:
  const Signer& signer_;
  const Standings& standings_;
  Accounts& accounts_;
  const bool behind_tls_;
};

struct RouteParts {
  Accounts& accounts;
  sql::Db& db;
  const Signer& signer;
  io::Clock& clock;
  bool behind_tls = false;
};

// Adds /v1/accounts…, /v1/people, /v1/sessions… and /v1/tokens….
void add_routes(http::Router& router, RouteParts parts);

}  // namespace matsuri::account
