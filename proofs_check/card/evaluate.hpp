// What an expression of a card is worth on an instance: a rational (exact) or an enclosure, a matrix of
// either, a polynomial, or layers. Nothing else: no estimate enters a card.
#pragma once

#include <functional>
#include <map>
#include <variant>

#include "attention/transformer.hpp"
#include "polynomial/polynomial.hpp"
#include "proofs_check/card/language.hpp"

namespace attnbounds {

/// A value a given, in the card's order: a number, or a matrix of doubles, which are exact.
struct CardInstance {
  std::vector<std::variant<Rational, Matrix<double>>> values;
};

using CardLayers = std::vector<Layer<double>>;
using Value = std::variant<Rational, Interval, Matrix<Rational>, Matrix<Interval>, Polynomial, CardLayers>;

/// Arguments that a definition does not take; becomes a CardError at the call.
struct Mismatch {
  std::string expected, found;
};

/// The arguments of a call, over the rationals or over the intervals.
template <class Scalar>
class Arguments {
 public:
  Arguments(const std::vector<Value>& values, Bits bits) : precision(bits), values_(&values) {}
  std::size_t count() const { return values_->size(); }
  Scalar number(std::size_t i) const {
    if (const auto* exact = std::get_if<Rational>(&at(i))) return scalar_from<Scalar>(*exact);
    if constexpr (std::is_same_v<Scalar, Interval>) return std::get<Interval>(at(i));
    else throw std::logic_error("an enclosure among exact arguments");
  }
  Matrix<Scalar> matrix(std::size_t i) const {
    if constexpr (std::is_same_v<Scalar, Interval>) {
      if (const auto* enclosed = std::get_if<Matrix<Interval>>(&at(i))) return *enclosed;
      return std::get<Matrix<Rational>>(at(i)).unaryExpr([](const Rational& x) { return enclose(x); });
    } else {
      return std::get<Matrix<Rational>>(at(i));
    }
  }
  const Polynomial& polynomial(std::size_t i) const { return std::get<Polynomial>(at(i)); }
  const CardLayers& layers(std::size_t i) const { return std::get<CardLayers>(at(i)); }
  const Rational& exact(std::size_t i) const { return std::get<Rational>(at(i)); }
  const Matrix<Rational>& exact_matrix(std::size_t i) const { return std::get<Matrix<Rational>>(at(i)); }
  long integer(std::size_t i, long least, long largest) const {
    const Rational& x = exact(i);
    if (denominator(x) != 1 || x < least || x > largest)
      throw Mismatch{"an integer from " + std::to_string(least) + " to " + std::to_string(largest),
                     exact_text(x)};
    return static_cast<long>(numerator(x));
  }
  Bits precision;

 private:
  const Value& at(std::size_t i) const { return values_->at(i); }
  const std::vector<Value>* values_;
};

using Meaning = std::function<Value(const std::vector<Value>&, Bits)>;
/// What the definitions of the catalogue mean, by name.
const std::map<std::string, Meaning>& number_meanings();  // definitions_numbers.cpp
const std::map<std::string, Meaning>& matrix_meanings();  // definitions_matrices.cpp
const Meaning& meaning_of(const std::string& name);

// Enclosures of partial functions: where only a part of the argument is outside the domain (rounding), the
// function of the rest. Errors: Mismatch, if all of it is.
Interval whole_line();
Interval root_of(const Interval& x);
Interval log_of(const Interval& x);

class Evaluation {
 public:
  /// The instance may be shorter than the card's givens: the later ones have no value yet.
  Evaluation(const Card& card, const CardInstance& instance, Bits precision)
      : card_(card), instance_(instance), precision_(precision) {}

  /// At the working precision of the thread. Errors: CardError, at the place, where the expression has no
  /// value on this instance.
  Value value(const Expression& e);
  Rational exact(const Expression& e) { return std::get<Rational>(value(e)); }
  long integer(const Expression& e, long least, long largest);

 private:
  Value named(const Expression& e);
  Value over_index(const Expression& e);
  Value call(const Expression& e);

  const Card& card_;
  const CardInstance& instance_;
  Bits precision_;
  std::map<std::string, Value> lets_, indices_;
};

/// The layers that a given's stacked weights stand for: W_1, W_V1, W_2, …, each columns x columns.
CardLayers layers_of(const Matrix<double>& stacked);

}  // namespace attnbounds
