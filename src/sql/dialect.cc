// The rewriting of statements for MariaDB, on a small tokenizer; see dialect.h.
#include "sql/dialect.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <utility>

namespace matsuri::sql {

namespace {

enum class Kind : std::uint8_t {
  space,  // white space and comments
  word,   // a keyword or a name
  number,
  string,  // 'text'
  quoted,  // "name" or `name`
  brace,   // {TYPE} or {TYPE(n)}, braces included
  symbol,  // any other single byte
};

struct Token {
  Kind kind;
  std::string_view text;
};

bool is_space(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\f'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool starts_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}
bool is_word(char c) { return starts_word(c) || is_digit(c); }

bool same(std::string_view text, std::string_view upper) {
  return std::ranges::equal(text, upper, {}, [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
}

// The end of what a quote at `start` opens; a doubled quote stands for itself.
std::optional<std::size_t> end_of_quoted(std::string_view text, std::size_t start) {
  const char quote = text[start];
  for (std::size_t i = start + 1; i < text.size(); ++i) {
    if (text[i] != quote) continue;
    if (i + 1 == text.size() || text[i + 1] != quote) return i + 1;
    ++i;
  }
  return std::nullopt;
}

Error unended(std::string_view what, std::string_view text) {
  return Error(Code::invalid, std::string(what) + " without end: " + std::string(text));
}

Result<Token> next_token(std::string_view text, std::size_t start) {
  const char c = text[start];
  const auto token = [&](Kind kind, std::size_t end) {
    return Token{kind, text.substr(start, end - start)};
  };
  const auto run_of = [&](auto belongs) {
    const auto* end = std::find_if_not(text.begin() + start, text.end(), belongs);
    return static_cast<std::size_t>(end - text.begin());
  };
  if (is_space(c)) return token(Kind::space, run_of(is_space));
  if (text.substr(start, 2) == "--") {
    return token(Kind::space, std::min(text.find('\n', start), text.size()));
  }
  if (text.substr(start, 2) == "/*") {
    const std::size_t end = text.find("*/", start + 2);
    if (end == std::string_view::npos) return unended("comment", text);
    return token(Kind::space, end + 2);
  }
  if (c == '\'' || c == '"' || c == '`') {
    const std::optional<std::size_t> end = end_of_quoted(text, start);
    if (!end) return unended(c == '\'' ? "string" : "quoted name", text);
    return token(c == '\'' ? Kind::string : Kind::quoted, *end);
  }
  if (c == '{') {
    const std::size_t end = text.find('}', start);
    if (end == std::string_view::npos) return unended("type in braces", text);
    return token(Kind::brace, end + 1);
  }
  if (starts_word(c)) return token(Kind::word, run_of(is_word));
  if (is_digit(c)) return token(Kind::number, run_of(is_word));
  return token(Kind::symbol, start + 1);
}

Result<std::vector<Token>> tokens_of(std::string_view text) {
  std::vector<Token> tokens;
  for (std::size_t at = 0; at < text.size();) {
    TRY_ASSIGN(const Token token, next_token(text, at));
    tokens.push_back(token);
    at += token.text.size();
  }
  return tokens;
}

// Rewrites one statement, token by token.
class Rewriter {
 public:
  Rewriter(std::string_view text, std::vector<Token> tokens)
      : text_(text), tokens_(std::move(tokens)) {}

  Result<std::string> run() {
    while (at_ < tokens_.size()) TRY(step());
    while (out_.ends_with(' ')) out_.pop_back();
    return std::move(out_);
  }

 private:
  // The token `count` significant ones after the current one, or nullptr.
  const Token* ahead(std::size_t count) const {
    for (std::size_t i = at_; i < tokens_.size(); ++i) {
      if (tokens_[i].kind == Kind::space) continue;
      if (count-- == 0) return &tokens_[i];
    }
    return nullptr;
  }
  bool word_ahead(std::size_t count, std::string_view upper) const {
    const Token* token = ahead(count);
    return token != nullptr && token->kind == Kind::word && same(token->text, upper);
  }
  bool symbol_ahead(std::size_t count, char symbol) const {
    const Token* token = ahead(count);
    return token != nullptr && token->kind == Kind::symbol && token->text[0] == symbol;
  }
  bool name_ahead(std::size_t count) const {
    const Token* token = ahead(count);
    return token != nullptr && (token->kind == Kind::word || token->kind == Kind::quoted);
  }
  void skip(std::size_t count) {
    for (; at_ < tokens_.size() && count > 0; ++at_) {
      if (tokens_[at_].kind != Kind::space) --count;
    }
  }
  Error refuse(std::string_view what) const {
    return Error(Code::invalid, std::string(what) + ": " + std::string(text_));
  }

  Result<void> step() {
    const Token& token = tokens_[at_];
    if (token.kind == Kind::space) {
      if (!out_.empty() && out_.back() != ' ') out_ += ' ';
      ++at_;
      return {};
    }
    if (token.kind == Kind::brace) return refuse("types in braces belong in migrations");
    if (token.kind == Kind::symbol) return symbol(token.text[0]);
    if (token.kind == Kind::word) {
      if (word_ahead(0, "ON") && word_ahead(1, "CONFLICT")) return conflict_clause();
      if (same(token.text, "EXCLUDED") && symbol_ahead(1, '.') && name_ahead(2)) {
        out_ += "VALUES(";
        out_ += ahead(2)->text;
        out_ += ')';
        skip(3);
        return {};
      }
      if (in_upsert_ && depth_ == 0 && same(token.text, "WHERE")) {
        return refuse("DO UPDATE … WHERE has no equal on MariaDB, use CASE");
      }
    }
    out_ += token.text;
    ++at_;
    return {};
  }

  Result<void> symbol(char c) {
    if (c == '(') ++depth_;
    if (c == ')') --depth_;
    // Parameters other than '?' bind differently, '#' opens a comment on MariaDB, '@' is a variable
    // there, and a byte of zero ends the text for one of the clients.
    if (c == '#' || c == '@' || c == ':' || c == '$' || c == '[' || c == ']' || c == '\0') {
      return refuse("not in the SQL of both engines");
    }
    ++at_;
    if (c == '?' && at_ < tokens_.size() && tokens_[at_].kind == Kind::number) {
      return refuse("numbered parameters are not for both engines");
    }
    out_ += c;
    return {};
  }

  // At ON CONFLICT: reads (names) DO NOTHING | DO UPDATE SET.
  Result<void> conflict_clause() {
    if (!symbol_ahead(2, '(') || !name_ahead(3)) {
      return refuse("ON CONFLICT has to name the columns of its key");
    }
    const std::string_view key = ahead(3)->text;
    std::size_t next = 4;
    for (; symbol_ahead(next, ','); next += 2) {
      if (!name_ahead(next + 1)) return refuse("ON CONFLICT (columns) expected");
    }
    if (!symbol_ahead(next, ')') || !word_ahead(next + 1, "DO")) {
      return refuse("ON CONFLICT (columns) DO expected");
    }
    next += 2;
    out_ += "ON DUPLICATE KEY UPDATE ";
    if (word_ahead(next, "NOTHING")) {
      // Not INSERT IGNORE, which hides every other error as well.
      out_.append(key).append("=").append(key);
      skip(next + 1);
      return {};
    }
    if (!word_ahead(next, "UPDATE") || !word_ahead(next + 1, "SET")) {
      return refuse("DO NOTHING or DO UPDATE SET expected");
    }
    in_upsert_ = true;
    skip(next + 2);
    return {};
  }

  std::string_view text_;
  std::vector<Token> tokens_;
  std::size_t at_ = 0;
  std::string out_;
  int depth_ = 0;
  bool in_upsert_ = false;
};

constexpr std::string_view mariadb_table_options =
    "ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin";

Result<std::string> sized_type(std::string_view word, std::uint32_t size) {
  if (word == "TEXT") {
    // More would not fit a row of 65 535 bytes, nor an index of 3 072.
    if (size <= 768) return "VARCHAR(" + std::to_string(size) + ")";
    return std::string(size <= 16'383 ? "TEXT" : "MEDIUMTEXT");
  }
  if (word == "BLOB" && size <= 3'072) return "VARBINARY(" + std::to_string(size) + ")";
  return Error(Code::invalid, "unknown type {" + std::string(word) + "(" + std::to_string(size) +
                                  ")}: {TEXT(n)} or {BLOB(n)} with n <= 3072");
}

// `token` is the text in braces, braces included.
Result<std::string> type_of(Engine engine, std::string_view token) {
  const bool sqlite = engine == Engine::sqlite;
  const std::string_view inside = token.substr(1, token.size() - 2);
  if (inside == "ID" || inside == "INT") return std::string(sqlite ? "INTEGER" : "BIGINT");
  if (inside == "BLOB") return std::string(sqlite ? "BLOB" : "MEDIUMBLOB");
  if (inside == "TABLE_OPTIONS") return std::string(sqlite ? "STRICT" : mariadb_table_options);
  if (inside == "CLUSTERED_OPTIONS") {
    return std::string(sqlite ? "STRICT, WITHOUT ROWID" : mariadb_table_options);
  }
  if (inside.starts_with("ON ")) return std::string(sqlite ? "" : inside);
  const std::size_t open = inside.find('(');
  std::uint32_t size = 0;
  const char* end = inside.data() + inside.size() - 1;
  if (open == std::string_view::npos || inside.back() != ')' ||
      std::from_chars(inside.data() + open + 1, end, size) !=
          std::from_chars_result{end, std::errc{}} ||
      size == 0) {
    return Error(Code::invalid, "unknown type " + std::string(token));
  }
  const std::string_view word = inside.substr(0, open);
  TRY_ASSIGN(std::string mariadb_type, sized_type(word, size));
  return sqlite ? std::string(word) : std::move(mariadb_type);
}

}  // namespace

Result<std::string> to_mariadb(std::string_view text) {
  TRY_ASSIGN(std::vector<Token> tokens, tokens_of(text));
  return Rewriter(text, std::move(tokens)).run();
}

Result<std::vector<std::string>> migration_statements(Engine engine, std::string_view text) {
  TRY_ASSIGN(const std::vector<Token> tokens, tokens_of(text));
  std::vector<std::string> statements;
  std::string statement;
  bool after_as = false;  // CAST(x AS INTEGER) keeps its type.
  const auto end_statement = [&]() -> Result<void> {
    while (!statement.empty() && statement.back() == ' ') statement.pop_back();
    if (statement.empty()) return {};
    if (engine == Engine::mariadb) {
      TRY_ASSIGN(statement, to_mariadb(statement));
    }
    statements.push_back(std::move(statement));
    statement.clear();
    return {};
  };
  for (const Token& token : tokens) {
    if (token.kind == Kind::space) {
      if (!statement.empty() && statement.back() != ' ') statement += ' ';
      continue;
    }
    const bool is_integer =
        token.kind == Kind::word && (same(token.text, "INTEGER") || same(token.text, "BIGINT"));
    if (token.kind == Kind::symbol && token.text == ";") {
      TRY(end_statement());
    } else if (token.kind == Kind::brace) {
      TRY_ASSIGN(const std::string type, type_of(engine, token.text));
      statement += type;
    } else if (is_integer && !after_as) {
      statement += engine == Engine::sqlite ? "INTEGER" : "BIGINT";
    } else {
      statement += token.text;
    }
    after_as = token.kind == Kind::word && same(token.text, "AS");
  }
  TRY(end_statement());
  return statements;
}

}  // namespace matsuri::sql
