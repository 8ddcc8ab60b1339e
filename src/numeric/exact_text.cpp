#include "numeric/exact_text.hpp"

#include <cctype>
#include <cmath>
#include <stdexcept>

#include "numeric/zoo.hpp"

namespace attnbounds {
namespace {

constexpr long kLargestExponent = 100000;

Rational power(long base, long exponent) {
  const Integer p = boost::multiprecision::pow(Integer(base), static_cast<unsigned>(std::labs(exponent)));
  return exponent >= 0 ? Rational(p) : Rational(Integer(1), p);
}

// One pass over  [sign] digits [. digits] [exponent letter [sign] digits]  in base 10 or 16.
class Reader {
 public:
  Reader(std::string_view text, std::string place) : text_(text), place_(std::move(place)) {}

  Rational number() {
    bool negative = false;
    if (!done() && (peek() == '+' || peek() == '-')) negative = take() == '-';
    long base = 10;
    if (text_.substr(at_, 2) == "0x" || text_.substr(at_, 2) == "0X") {
      base = 16;
      at_ += 2;
    }
    Integer mantissa = 0;
    long digits = 0, after_point = 0;
    bool point = false;
    for (; !done(); ++at_) {
      if (peek() == '.' && !point) {
        point = true;
        continue;
      }
      const int digit = value_of(peek(), base);
      if (digit < 0) break;
      mantissa = mantissa * base + digit;
      ++digits;
      if (point) ++after_point;
    }
    if (digits == 0) fail();
    const char letter = base == 10 ? 'e' : 'p';
    long exponent = 0;
    if (!done() && std::tolower(static_cast<unsigned char>(peek())) == letter) {
      ++at_;
      exponent = signed_exponent();
    }
    Rational result = Rational(mantissa) * power(base, -after_point) * power(base == 10 ? 10 : 2, exponent);
    return negative ? Rational(-result) : result;
  }

  bool done() const { return at_ >= text_.size(); }
  char peek() const { return text_[at_]; }
  char take() { return text_[at_++]; }
  [[noreturn]] void fail() const {
    throw InputError(place_, "an exact number such as 12, 1.5e-3, 3/7 or 0x1.8p-3",
                     "'" + std::string(text_.substr(0, 60)) + "'");
  }

 private:
  static int value_of(char c, long base) {
    if (c >= '0' && c <= '9') return c - '0';
    if (base == 16 && std::isxdigit(static_cast<unsigned char>(c)))
      return std::tolower(static_cast<unsigned char>(c)) - 'a' + 10;
    return -1;
  }
  long signed_exponent() {
    bool negative = false;
    if (!done() && (peek() == '+' || peek() == '-')) negative = take() == '-';
    if (done() || !std::isdigit(static_cast<unsigned char>(peek()))) fail();
    long exponent = 0;
    for (; !done() && std::isdigit(static_cast<unsigned char>(peek())); ++at_) {
      exponent = exponent * 10 + (peek() - '0');
      if (exponent > kLargestExponent)
        throw InputError(place_, "an exponent of at most 100000 in size", "a larger one");
    }
    return negative ? -exponent : exponent;
  }

  std::string_view text_;
  std::string place_;
  size_t at_ = 0;
};

bool is_power_of_two(const Integer& x) { return x > 0 && (x & (x - 1)) == 0; }

std::string decimal(const Real& x, int digits, mpfr_rnd_t direction) {
  if (x.is_zero()) return "0";  // MPFR's zero has a sign
  char* text = nullptr;
  const int length =
      mpfr_asprintf(&text, direction == MPFR_RNDD ? "%.*RDg" : "%.*RUg", digits, x.backend().data());
  if (length < 0) throw std::bad_alloc();
  std::string result(text);
  mpfr_free_str(text);
  return result;
}

}  // namespace

InputError::InputError(const std::string& place, const std::string& expected, const std::string& found)
    : std::runtime_error(place + ": expected " + expected + ", found " + found) {}

Rational rational_from_text(std::string_view text, const std::string& place) {
  if (text.size() > 1000000)
    throw InputError(place, "a number of at most a million characters", "a longer text");
  Reader reader(text, place);
  Rational result = reader.number();
  if (!reader.done() && reader.peek() == '/') {
    reader.take();
    const Rational denominator = reader.number();
    if (denominator == 0) throw InputError(place, "a denominator other than 0", "0");
    result /= denominator;
  }
  if (!reader.done()) reader.fail();
  if (bug(Bug::decimal_through_double)) return to_rational(nearest(result));
  return result;
}

std::string exact_text(const Real& x) {
  if (x.is_zero()) return "0x0p+0";
  char* text = nullptr;
  if (mpfr_asprintf(&text, "%Ra", x.backend().data()) < 0) throw std::bad_alloc();
  std::string result(text);
  mpfr_free_str(text);
  return result;
}

std::string exact_text(double x) {
  Real exact;
  mpfr_set_prec(exact.backend().data(), 53);
  mpfr_set_d(exact.backend().data(), x, MPFR_RNDN);
  return exact_text(exact);
}

std::string exact_text(const Rational& x) {
  const Integer p = numerator(x), q = denominator(x);
  if (!is_power_of_two(q)) return p.str() + "/" + q.str();
  if (p == 0) return "0x0p+0";
  Real exact;
  mpfr_set_prec(exact.backend().data(), static_cast<mpfr_prec_t>(msb(abs(p))) + 2);
  mpfr_set_q(exact.backend().data(), x.backend().data(), MPFR_RNDN);
  return exact_text(exact);
}

std::string decimal_down(const Real& x, int digits) { return decimal(x, digits, MPFR_RNDD); }
std::string decimal_up(const Real& x, int digits) {
  return decimal(x, digits, bug(Bug::decimal_truncated) ? MPFR_RNDD : MPFR_RNDU);
}

}  // namespace attnbounds
