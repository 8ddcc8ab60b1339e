// The catalogue's numbers and polynomials.
#include <mutex>
#include <tuple>

#include "kernels/monomials.hpp"
#include "polynomial/bessel.hpp"
#include "polynomial/exponential.hpp"
#include "polynomial/least_degree.hpp"
#include "proofs_check/attention_case.hpp"
#include "proofs_check/card/evaluate.hpp"
#include "proofs_check/card/meaning.hpp"

namespace attnbounds {
namespace {

constexpr long most_degree = 200, most_order = 5000;

Rational bounded(const Rational& x, long least, long largest) {
  if (x < least || x > largest)
    throw Mismatch{"a number from " + std::to_string(least) + " to " + std::to_string(largest),
                   exact_text(x)};
  return x;
}
Rational half_width(const Rational& x) { return bounded(x, 0, 1000); }
Rational budget(const Rational& epsilon) {
  if (epsilon <= 0) throw Mismatch{"epsilon > 0", exact_text(epsilon)};
  return epsilon;
}
Value degree_value(Degree g) { return Rational(g.value); }

/// Values that cards ask for again and again while a search moves something else.
template <class Key, class Result>
class Remembered {
 public:
  template <class Compute>
  Result at(const Key& key, const Compute& compute) {
    {
      const std::lock_guard lock(guard_);
      if (const auto known = known_.find(key); known != known_.end()) return known->second;
    }
    Result result = compute();
    const std::lock_guard lock(guard_);
    return known_.emplace(key, std::move(result)).first->second;
  }

 private:
  std::mutex guard_;
  std::map<Key, Result> known_;
};

Value remembered_least_degree(const Rational& X, const Rational& epsilon, ErrorKind kind) {
  static Remembered<std::tuple<Rational, Rational, ErrorKind>, long> known;
  return Rational(known.at({X, epsilon, kind}, [&] { return least_degree(X, epsilon, kind).degree.value; }));
}

Value remembered_best_error(long g, const Rational& X, ErrorKind kind, Bits precision) {
  static Remembered<std::tuple<long, Rational, ErrorKind, long>, Interval> known;
  const Bits guard{std::clamp<long>(precision.count / 2, 40, 320)};
  return known.at({g, X, kind, guard.count}, [&] { return best_error({g}, X, kind, guard).error; });
}

CertifiedPolynomial minimax(long g, const Rational& X) {
  static Remembered<std::tuple<long, Rational>, CertifiedPolynomial> known;
  return known.at({g, X}, [&] { return exp_polynomial_in_doubles({g}, X); });
}

Interval modified_bessel(long order, const Rational& X, bool tail) {
  if (X == 0) return Interval(order == 0 ? 1 : 0);
  const BesselTail t = modified_bessel_tails(X, order, order).front();
  return tail ? t.sum : t.value;
}

}  // namespace

const std::map<std::string, Meaning>& number_meanings() {
  using E = Arguments<Rational>;
  using N = Arguments<Interval>;
  static const std::map<std::string, Meaning> list = {
      {"abs", if_exact([](const auto& x) { return size_of_number(x.number(0)); })},
      {"max", if_exact([](const auto& x) {
         auto best = x.number(0);
         for (std::size_t i = 1; i < x.count(); ++i) best = larger_of(best, x.number(i));
         return best;
       })},
      {"min", if_exact([](const auto& x) {
         auto best = x.number(0);
         for (std::size_t i = 1; i < x.count(); ++i) best = smaller_than(best, x.number(i));
         return best;
       })},
      {"floor", exactly([](const E& x) { return Rational(scaled_floor(x.exact(0), 0)); })},
      {"ceil", exactly([](const E& x) { return Rational(-scaled_floor(Rational(-x.exact(0)), 0)); })},
      {"factorial", exactly([](const E& x) {
         Rational product = 1;
         for (long i = 2, n = x.integer(0, 0, 5000); i <= n; ++i) product *= i;
         return product;
       })},
      {"binomial", exactly([](const E& x) {
         const long n = x.integer(0, 0, 10000), k = x.integer(1, -10000, 10000);
         if (k < 0 || k > n) return Rational(0);
         Rational product = 1;
         for (long i = 1; i <= std::min(k, n - k); ++i) product = product * (n - i + 1) / i;
         return product;
       })},
      {"exp", enclosed([](const N& x) { return Interval(exp(x.number(0))); })},
      {"log", enclosed([](const N& x) { return log_of(x.number(0)); })},
      {"sqrt", enclosed([](const N& x) { return root_of(x.number(0)); })},
      {"tanh", enclosed([](const N& x) { return Interval(tanh(x.number(0))); })},
      {"phi", enclosed([](const N& x) {
         const Interval delta = x.number(0);
         return Interval(2 * delta / (1 + root_of(1 - delta * delta)));
       })},
      {"bessel_i", enclosed([](const N& x) {
         return modified_bessel(x.integer(0, 0, most_order), half_width(x.exact(1)), false);
       })},
      {"bessel_i_tail", enclosed([](const N& x) {
         return modified_bessel(x.integer(0, 0, most_order), half_width(x.exact(1)), true);
       })},
      {"bessel_j",
       enclosed([](const N& x) { return bessel_j_increasing(x.integer(0, 0, most_order), x.number(1)); })},
      {"least_degree", exactly([](const E& x) {
         return remembered_least_degree(half_width(x.exact(0)), budget(x.exact(1)), ErrorKind::relative);
       })},
      {"least_degree_absolute", exactly([](const E& x) {
         return remembered_least_degree(half_width(x.exact(0)), budget(x.exact(1)), ErrorKind::absolute);
       })},
      {"taylor_degree", exactly([](const E& x) {
         return degree_value(
             least_taylor_degree(half_width(x.exact(0)), budget(x.exact(1)), ErrorKind::relative).degree);
       })},
      {"best_error", enclosed([](const N& x) {
         return remembered_best_error(x.integer(0, 0, most_degree), half_width(x.exact(1)),
                                      ErrorKind::relative, x.precision);
       })},
      {"best_error_absolute", enclosed([](const N& x) {
         return remembered_best_error(x.integer(0, 0, most_degree), half_width(x.exact(1)),
                                      ErrorKind::absolute, x.precision);
       })},
      {"monomial_rank", exactly([](const E& x) {
         return Rational(monomial_rank(x.integer(0, 1, 1000), {x.integer(1, 0, 1000)}));
       })},
      {"taylor", exactly([](const E& x) {
         Polynomial p;
         Rational term = 1;
         for (long t = 0, g = x.integer(0, 0, most_degree); t <= g; term /= ++t)
           p.coefficients.push_back(term);
         return p;
       })},
      {"minimax",
       exactly([](const E& x) { return minimax(x.integer(0, 0, 40), half_width(x.exact(1))).polynomial; })},
      {"minimax_error", exactly([](const E& x) {
         return minimax(x.integer(0, 0, 40), half_width(x.exact(1))).error.exact();
       })},
      {"polynomial", exactly([](const E& x) {
         Polynomial p;
         for (std::size_t i = 0; i < x.count(); ++i) p.coefficients.push_back(x.exact(i));
         return p;
       })},
      {"coefficient", exactly([](const E& x) {
         const long k = x.integer(1, 0, most_order);
         const std::vector<Rational>& c = x.polynomial(0).coefficients;
         return k < static_cast<long>(c.size()) ? c[k] : Rational(0);
       })},
      {"at", if_exact([](const auto& x) { return x.polynomial(0)(x.number(1)); })},
      {"at_entries", if_exact([](const auto& x) {
         auto m = x.matrix(1);
         for (Eigen::Index i = 0; i < m.size(); ++i) m.data()[i] = x.polynomial(0)(m.data()[i]);
         return m;
       })},
      {"relative_error",
       enclosed([](const N& x) { return relative_error_on(x.polynomial(0), x.exact_matrix(1)); })},
      {"absolute_error", enclosed([](const N& x) {
         Interval largest = 0;
         const Matrix<Rational>& s = x.exact_matrix(1);
         for (Eigen::Index i = 0; i < s.size(); ++i)
           largest = maximum(
               largest, absolute_value(enclose(x.polynomial(0)(s.data()[i])) - exp(enclose(s.data()[i]))));
         return largest;
       })},
  };
  return list;
}

}  // namespace attnbounds
