// JSON with duplicate keys, deep nesting and bulk refused while parsing; every field is required or listed as
// optional, and no other is accepted.
#include "reading.hpp"

#include <algorithm>

namespace checker {
namespace {

using nlohmann::json;

std::string described(const json& value) {
  if (value.is_string()) return quoted(value.get_ref<const std::string&>());
  if (value.is_number_integer()) return value.dump();
  if (value.is_array()) return "an array of " + std::to_string(value.size());
  return value.is_null() ? "null" : std::string("a JSON ") + value.type_name();
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex_digit(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

// [-]digits
bool read_integer(fmpz_t result, std::string text) {
  const std::size_t sign = !text.empty() && text[0] == '-' ? 1 : 0;
  if (text.size() == sign || !std::all_of(text.begin() + static_cast<long>(sign), text.end(), is_digit))
    return false;
  return fmpz_set_str(result, text.c_str(), 10) == 0;
}

}  // namespace

std::string quoted(const std::string& text) {
  std::string result = "\"";
  for (const char c : text.substr(0, 40)) result += c >= ' ' && c <= '~' ? c : '?';
  return result + (text.size() > 40 ? "…\"" : "\"");
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

Field Field::operator[](const std::string& key) const {
  if (!value.is_object()) expected("an object");
  const auto found = value.find(key);
  if (found == value.end()) throw Malformed(place_of(key), "a value", "none");
  asked->insert(&*found);
  return {place_of(key), *found, asked};
}
Field Field::operator[](std::size_t i) const {
  if (i >= size()) expected("more than " + std::to_string(size()) + " values");
  return {place + "[" + std::to_string(i) + "]", value[i], asked};
}
std::size_t Field::size() const {
  if (!value.is_array()) expected("an array");
  return value.size();
}
void Field::expected(const std::string& what) const {
  throw Malformed(place.empty() ? "certificate" : place, what, described(value));
}
bool Field::has(const char* key) const {
  if (!value.contains(key)) return false;
  asked->insert(&value[key]);
  return !value[key].is_null();
}
void Field::require_all_asked() const {
  if (!value.is_structured()) return;
  for (const auto& [key, inner] : value.items()) {
    const Field field{value.is_array() ? place + "[" + key + "]" : place_of(key), inner, asked};
    if (field.place == "comment") continue;
    if (value.is_object() && !asked->contains(&inner))
      throw Malformed(place.empty() ? "certificate" : place, "no other fields than those of the format",
                      quoted(key));
    field.require_all_asked();
  }
}
const std::string& Field::text() const {
  if (!value.is_string()) expected("a string");
  const auto& result = value.get_ref<const std::string&>();
  if (result.size() > kLongestNumber) throw Malformed(place, "at most 20000 characters", "more");
  return result;
}
const std::string& Field::one_of(std::initializer_list<const char*> words) const {
  std::string list;
  for (const char* word : words) {
    if (text() == word) return text();
    list += (list.empty() ? "" : " or ") + quoted(word);
  }
  expected(list);
}
long Field::integer(long least, long largest) const {
  if (!value.is_number_integer() || value < least || value > largest)
    expected("an integer from " + std::to_string(least) + " to " + std::to_string(largest));
  return value.get<long>();
}

// [-]0x digits [. digits] [p [+-] digits], or an integer
Dyadic Field::dyadic() const {
  const std::string& text = this->text();
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
  if (!well_formed) expected("a hexadecimal float such as \"0x1.8p-3\" or an integer, as text");
  if (!in_range) expected("an exponent of at most 1000000 in size");
  return result;
}

// a hexadecimal float, an integer, or p/q with integers p and q > 0
Fraction Field::fraction() const {
  const std::string& text = this->text();
  Fraction result;
  const std::size_t slash = text.find('/');
  if (slash == std::string::npos) {
    arf_get_fmpq(result.get(), dyadic().get());
    return result;
  }
  if (!read_integer(fmpq_numref(result.get()), text.substr(0, slash)) ||
      !read_integer(fmpq_denref(result.get()), text.substr(slash + 1)) ||
      fmpz_sgn(fmpq_denref(result.get())) <= 0) {
    fmpq_zero(result.get());
    expected("p/q with integers p and q > 0");
  }
  fmpq_canonicalise(result.get());
  return result;
}

std::vector<Dyadic> Field::dyadics(long most) const {
  if (!value.is_array()) expected("an array of numbers as text");
  if (value.size() > static_cast<std::size_t>(most)) expected("at most " + std::to_string(most) + " numbers");
  std::vector<Dyadic> result;
  for (std::size_t i = 0; i < value.size(); ++i) result.push_back((*this)[i].dyadic());
  return result;
}
std::vector<Fraction> Field::fractions(long most) const {
  if (!value.is_array()) expected("an array of numbers as text");
  if (value.size() > static_cast<std::size_t>(most)) expected("at most " + std::to_string(most) + " numbers");
  std::vector<Fraction> result;
  for (std::size_t i = 0; i < value.size(); ++i) result.push_back((*this)[i].fraction());
  return result;
}
Matrix Field::matrix() const {
  Matrix result;
  result.rows = static_cast<long>(size());
  if (result.rows == 0) expected("at least one row");
  result.columns = static_cast<long>((*this)[0].size());
  if (result.columns == 0) (*this)[0].expected("at least one number");
  for (std::size_t i = 0; i < size(); ++i) {
    if (static_cast<long>((*this)[i].size()) != result.columns)
      (*this)[i].expected("an array of " + std::to_string(result.columns));
    for (Dyadic& x : (*this)[i].dyadics(result.columns)) result.entries.push_back(std::move(x));
  }
  return result;
}

}  // namespace checker
