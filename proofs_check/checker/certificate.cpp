// Reading: JSON with duplicate keys, deep nesting and bulk refused while parsing; every field is required
// or listed as optional, and no other is accepted; numbers are read exactly, digit by digit.
#include "certificate.hpp"

#include <algorithm>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <set>

namespace checker {
namespace {

using nlohmann::json;

std::string described(const json& value) {
  if (value.is_string()) return quoted(value.get_ref<const std::string&>());
  if (value.is_number_integer()) return value.dump();
  if (value.is_array()) return "an array of " + std::to_string(value.size());
  return value.is_null() ? "null" : std::string("a JSON ") + value.type_name();
}

json bounded_json(const std::string& text) {
  std::size_t values = 0;
  std::vector<std::set<std::string>> keys;  // of the objects now open
  const auto watch = [&](int depth, json::parse_event_t event, json& parsed) {
    if (event == json::parse_event_t::object_start) keys.emplace_back();
    if (event == json::parse_event_t::object_end) keys.pop_back();
    if (event == json::parse_event_t::key && !keys.back().insert(parsed.get<std::string>()).second)
      throw Malformed("certificate", "no key twice in an object",
                      quoted(parsed.get<std::string>()) + " again");
    if (static_cast<std::size_t>(depth) > kDeepestNesting)
      throw Malformed("certificate", "at most 8 levels of nesting", "more");
    if (++values > kMostValues) throw Malformed("certificate", "at most 200000 values", "more");
    return true;
  };
  try {
    return json::parse(text, watch);
  } catch (const json::parse_error& error) {
    throw Malformed("certificate", "JSON", "a syntax error at byte " + std::to_string(error.byte));
  } catch (const json::exception&) {  // a number that no double holds
    throw Malformed("certificate", "JSON", "a number out of range");
  }
}

/// A JSON value and the words that lead to it.
struct Field {
  std::string place;
  const json& value;

  Field operator[](const std::string& key) const {
    const auto found = value.find(key);
    const std::string inner = place.empty() ? key : place + "." + key;
    if (found == value.end()) throw Malformed(inner, "a value", "none");
    return {inner, *found};
  }
  bool has(const char* key) const { return value.contains(key) && !value[key].is_null(); }
  [[noreturn]] void expected(const std::string& what) const {
    throw Malformed(place, what, described(value));
  }
  const std::string& text() const {
    if (!value.is_string()) expected("a string");
    const auto& result = value.get_ref<const std::string&>();
    if (result.size() > kLongestNumber) throw Malformed(place, "at most 20000 characters", "more");
    return result;
  }
  /// An object with these fields and no others.
  const Field& object_of(std::initializer_list<const char*> names) const {
    if (!value.is_object()) expected("an object");
    for (const auto& [key, ignored] : value.items())
      if (std::none_of(names.begin(), names.end(), [&key = key](const char* name) { return key == name; }))
        throw Malformed(place.empty() ? "certificate" : place, "no other fields than those of the format",
                        quoted(key));
    return *this;
  }
};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex_digit(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

// [-]digits
bool read_integer(fmpz_t result, std::string text) {
  const std::size_t sign = !text.empty() && text[0] == '-' ? 1 : 0;
  if (text.size() == sign || !std::all_of(text.begin() + static_cast<long>(sign), text.end(), is_digit))
    return false;
  return fmpz_set_str(result, text.c_str(), 10) == 0;
}

// [-]0x digits [. digits] [p [+-] digits], or an integer
Dyadic dyadic(const Field& field) {
  const std::string& text = field.text();
  fmpz_t mantissa, exponent;
  fmpz_init(mantissa);
  fmpz_init(exponent);
  std::size_t at = !text.empty() && text[0] == '-' ? 1 : 0;
  const bool negative = at == 1;
  bool well_formed = true, in_range = true;
  if (text.compare(at, 2, "0x") == 0) {
    at += 2;
    std::string digits;
    long after_point = 0;
    bool point = false;
    for (; at < text.size() && (is_hex_digit(text[at]) || (text[at] == '.' && !point && !digits.empty()));
         ++at) {
      if (text[at] == '.') {
        point = true;
        continue;
      }
      digits += text[at];
      if (point) ++after_point;
    }
    well_formed = !digits.empty() && fmpz_set_str(mantissa, digits.c_str(), 16) == 0;
    if (well_formed && at < text.size()) {
      std::string power = text[at] == 'p' ? text.substr(at + 1) : "";
      if (power[0] == '+' && is_digit(power[1])) power.erase(0, 1);
      well_formed = read_integer(exponent, power);
    }
    in_range = fmpz_cmp_si(exponent, kLargestExponent) <= 0 && fmpz_cmp_si(exponent, -kLargestExponent) >= 0;
    if (in_range) fmpz_sub_si(exponent, exponent, 4 * after_point);
    if (negative) fmpz_neg(mantissa, mantissa);
  } else {
    well_formed = read_integer(mantissa, text);
  }
  Dyadic result;
  if (well_formed && in_range) arf_set_fmpz_2exp(result.get(), mantissa, exponent);
  fmpz_clear(mantissa);
  fmpz_clear(exponent);
  if (!well_formed) field.expected("a hexadecimal float such as \"0x1.8p-3\" or an integer, as text");
  if (!in_range) field.expected("an exponent of at most 1000000 in size");
  return result;
}

// a hexadecimal float, an integer, or p/q with integers p and q > 0
Fraction fraction(const Field& field) {
  const std::string& text = field.text();
  Fraction result;
  const std::size_t slash = text.find('/');
  if (slash == std::string::npos) {
    arf_get_fmpq(result.get(), dyadic(field).get());
    return result;
  }
  if (!read_integer(fmpq_numref(result.get()), text.substr(0, slash)) ||
      !read_integer(fmpq_denref(result.get()), text.substr(slash + 1)) ||
      fmpz_sgn(fmpq_denref(result.get())) <= 0) {
    fmpq_zero(result.get());
    field.expected("p/q with integers p and q > 0");
  }
  fmpq_canonicalise(result.get());
  return result;
}

std::vector<Dyadic> dyadics(const Field& field) {
  if (!field.value.is_array()) field.expected("an array of numbers as text");
  if (field.value.size() > static_cast<std::size_t>(kLargestDegree) + 2)
    field.expected("at most 20002 numbers");
  std::vector<Dyadic> result;
  for (std::size_t i = 0; i < field.value.size(); ++i)
    result.push_back(dyadic({field.place + "[" + std::to_string(i) + "]", field.value[i]}));
  return result;
}

long degree(const Field& field) {
  if (!field.value.is_number_integer() || field.value < 0 || field.value > kLargestDegree)
    field.expected("an integer from 0 to 20000");
  return field.value.get<long>();
}

Upper upper(const Field& field) {
  field.object_of({"degree", "coefficients", "critical_points", "radius"});
  Upper result{field.place, degree(field["degree"]), dyadics(field["coefficients"]),
               dyadics(field["critical_points"]), dyadic(field["radius"])};
  if (!(Dyadic(0) < result.radius)) field["radius"].expected("a number > 0");
  return result;
}

Lower lower(const Field& field) {
  field.object_of({"degree", "points"});
  return {field.place, degree(field["degree"]), dyadics(field["points"])};
}

void expect_text(const Field& field, const std::string& expected) {
  if (field.value != json(expected)) field.expected(quoted(expected));
}

}  // namespace

std::string quoted(const std::string& text) {
  std::string result = "\"";
  for (const char c : text.substr(0, 40)) result += c >= ' ' && c <= '~' ? c : '?';
  return result + (text.size() > 40 ? "…\"" : "\"");
}

Certificate certificate_from_json(const std::string& text) {
  const json whole = bounded_json(text);
  const Field top{"", whole};
  if (!whole.is_object()) throw Malformed("certificate", "a JSON object", described(whole));
  expect_text(top["format"], "attnbounds-certificate");
  if (top["version"].value != json(1)) top["version"].expected("1");
  expect_text(top["kind"], "least-degree");
  expect_text(top["function"], "exp");
  top.object_of({"format", "version", "kind", "function", "error_kind", "half_width", "epsilon", "degree",
                 "upper", "upper_below", "lower", "lower_at", "comment"});

  Certificate result;
  const std::string& kind = top["error_kind"].text();
  if (kind != "relative" && kind != "absolute") top["error_kind"].expected("\"relative\" or \"absolute\"");
  result.kind = kind == "relative" ? ErrorKind::relative : ErrorKind::absolute;
  result.half_width_text = top["half_width"].text();
  result.half_width = fraction(top["half_width"]);
  if (fmpq_sgn(result.half_width.get()) < 0) top["half_width"].expected("a number >= 0");
  if (fmpq_cmp_si(result.half_width.get(), kLargestHalfWidth) > 0)
    top["half_width"].expected("at most 16000");
  result.epsilon_text = top["epsilon"].text();
  result.epsilon = fraction(top["epsilon"]);
  if (fmpq_sgn(result.epsilon.get()) <= 0) top["epsilon"].expected("a number > 0");
  result.degree = degree(top["degree"]);
  result.upper = upper(top["upper"]);
  if (top.has("upper_below")) result.upper_below = upper(top["upper_below"]);
  if (top.has("lower")) result.lower = lower(top["lower"]);
  if (top.has("lower_at")) result.lower_at = lower(top["lower_at"]);
  return result;
}

}  // namespace checker
