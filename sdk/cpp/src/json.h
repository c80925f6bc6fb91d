// Reading JSON that somebody else wrote: every look is checked, nothing is thrown, and a number is
// 64 bits or it is none. The library behind it stays inside the .cc files that include this.
#pragma once

#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace matsuri {

using Json = nlohmann::json;

// A discarded value where the text is no JSON.
inline Json parse_json(std::string_view text) {
  return Json::parse(text.begin(), text.end(), nullptr, false);
}

// Text that is not UTF-8 is written with replacement characters rather than refused here: the
// server says what is wrong with it.
inline std::string write_json(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// Looks into an object, and remembers whether anything was missing or of another type.
class Reader {
 public:
  explicit Reader(const Json& json) : json_(json), ok_(json.is_object()) {}

  bool ok() const { return ok_; }

  std::string text(const char* name) { return text_of(need(name)); }
  // Empty where it is not there, or null.
  std::string text_if(const char* name) {
    const Json* found = look(name);
    return found == nullptr ? std::string() : text_of(found);
  }
  std::int64_t number(const char* name) { return number_of(need(name)); }
  std::int64_t number_if(const char* name) {
    const Json* found = look(name);
    return found == nullptr ? 0 : number_of(found);
  }
  bool flag(const char* name) {
    const Json* found = need(name);
    return found != nullptr && checked(found->is_boolean()) && found->get_ref<const bool&>();
  }
  bool flag_if(const char* name) { return look(name) != nullptr && flag(name); }
  bool has(const char* name) const { return look(name) != nullptr; }
  // An empty object, or array, where it is missing.
  const Json& object(const char* name) {
    const Json* found = need(name);
    return found != nullptr && checked(found->is_object()) ? *found : empty(Json::value_t::object);
  }
  const Json& array(const char* name) {
    const Json* found = need(name);
    return found != nullptr && checked(found->is_array()) ? *found : empty(Json::value_t::array);
  }
  const Json& array_if(const char* name) {
    return look(name) == nullptr ? empty(Json::value_t::array) : array(name);
  }

  static bool is_number(const Json& json) {
    return json.is_number_integer() &&
           (!json.is_number_unsigned() ||
            json.get_ref<const std::uint64_t&>() <=
                static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()));
  }
  // REQUIRES: is_number(json).
  static std::int64_t to_number(const Json& json) {
    return json.is_number_unsigned()
               ? static_cast<std::int64_t>(json.get_ref<const std::uint64_t&>())
               : json.get_ref<const std::int64_t&>();
  }

 private:
  static const Json& empty(Json::value_t type) {
    static const Json object(Json::value_t::object);
    static const Json array(Json::value_t::array);
    return type == Json::value_t::object ? object : array;
  }
  const Json* look(const char* name) const {
    if (!json_.is_object()) return nullptr;
    const auto found = json_.find(name);
    return found == json_.end() || found->is_null() ? nullptr : &*found;
  }
  const Json* need(const char* name) {
    const Json* found = look(name);
    checked(found != nullptr);
    return found;
  }
  bool checked(bool ok) {
    ok_ = ok_ && ok;
    return ok;
  }
  std::string text_of(const Json* json) {
    if (json == nullptr || !checked(json->is_string())) return {};
    return json->get_ref<const std::string&>();
  }
  std::int64_t number_of(const Json* json) {
    if (json == nullptr || !checked(is_number(*json))) return 0;
    return to_number(*json);
  }

  const Json& json_;
  bool ok_;
};

}  // namespace matsuri
