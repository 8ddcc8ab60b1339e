#include "proofs_check/card/evaluate.hpp"

#include <algorithm>

namespace attnbounds {
namespace {

using Form = Expression::Form;

constexpr long most_terms = 100000;       // of a sum
constexpr unsigned most_bits = 1u << 20;  // of an exact power

bool is_exact(const Value& v) {
  return std::holds_alternative<Rational>(v) || std::holds_alternative<Matrix<Rational>>(v);
}
bool is_matrix(const Value& v) {
  return std::holds_alternative<Matrix<Rational>>(v) || std::holds_alternative<Matrix<Interval>>(v);
}

std::string shape_text(Eigen::Index rows, Eigen::Index columns) {
  return std::to_string(rows) + " x " + std::to_string(columns);
}

Interval quotient(const Interval& a, const Interval& b) { return contains_zero(b) ? whole_line() : a / b; }
Rational quotient(const Rational& a, const Rational& b) {
  if (b == 0) throw Mismatch{"a divisor other than 0", "0"};
  return a / b;
}

template <class Scalar>
Scalar integer_power(const Scalar& base, unsigned long exponent) {
  Scalar result = scalar_from<Scalar>(1), square = base;
  for (; exponent > 0; exponent /= 2) {
    if (exponent % 2 == 1) result = result * square;
    if (exponent > 1) square = square * square;
  }
  return result;
}

Value power(const Value& base, const Value& exponent) {
  const Rational* n = std::get_if<Rational>(&exponent);
  if (n != nullptr && denominator(*n) == 1 && abs(*n) <= 1000000) {
    const long k = static_cast<long>(numerator(*n));
    const unsigned long size = static_cast<unsigned long>(std::abs(k));
    if (const Rational* b = std::get_if<Rational>(&base)) {
      const std::size_t bits = msb(Integer(abs(numerator(*b)) + 1)) + msb(denominator(*b)) + 1;
      if (size * bits > most_bits) throw Mismatch{"a power of at most 2^20 bits", "a larger one"};
      const Rational p = integer_power(*b, size);
      return k < 0 ? quotient(Rational(1), p) : p;
    }
    const Interval& b = std::get<Interval>(base);
    const Interval p = integer_power(k % 2 == 0 ? absolute_value(b) : b, size);
    return k < 0 ? quotient(Interval(1), p) : p;
  }
  const auto enclosed = [](const Value& v) {
    const Rational* x = std::get_if<Rational>(&v);
    return x != nullptr ? enclose(*x) : std::get<Interval>(v);
  };
  if (const Rational* b = std::get_if<Rational>(&base); b != nullptr && *b == 0 && n != nullptr && *n > 0)
    return Interval(0);
  return Value(Interval(exp(enclosed(exponent) * log_of(enclosed(base)))));
}

template <class Scalar>
Value arithmetic(Form form, const Arguments<Scalar>& x, bool left_matrix, bool right_matrix) {
  if (!left_matrix && !right_matrix) {
    const Scalar a = x.number(0), b = x.number(1);
    switch (form) {
      case Form::add:
        return Scalar(a + b);
      case Form::subtract:
        return Scalar(a - b);
      case Form::multiply:
        return Scalar(a * b);
      default:
        return quotient(a, b);
    }
  }
  if (left_matrix && right_matrix) {
    Matrix<Scalar> a = x.matrix(0);
    const Matrix<Scalar> b = x.matrix(1);
    if (form == Form::multiply) {
      if (a.cols() != b.rows())
        throw Mismatch{std::to_string(a.cols()) + " rows of the right factor", std::to_string(b.rows())};
      return product(a, b);
    }
    if (a.rows() != b.rows() || a.cols() != b.cols())
      throw Mismatch{"two matrices of one shape",
                     shape_text(a.rows(), a.cols()) + " and " + shape_text(b.rows(), b.cols())};
    for (Eigen::Index i = 0; i < a.size(); ++i) {
      if (form == Form::add) a.data()[i] += b.data()[i];
      else a.data()[i] -= b.data()[i];
    }
    return a;
  }
  Matrix<Scalar> m = x.matrix(left_matrix ? 0 : 1);
  const Scalar c = x.number(left_matrix ? 1 : 0);
  for (Eigen::Index i = 0; i < m.size(); ++i)
    m.data()[i] = form == Form::divide ? quotient(m.data()[i], c) : Scalar(m.data()[i] * c);
  return m;
}

}  // namespace

Interval whole_line() {
  return enclose(Real(-std::numeric_limits<double>::infinity()),
                 Real(std::numeric_limits<double>::infinity()));
}
Interval root_of(const Interval& x) {
  if (upper(x) < 0) throw Mismatch{"a number >= 0 under a square root", decimal_up(upper(x), 6)};
  return sqrt(maximum(x, Interval(0)));
}
Interval log_of(const Interval& x) {
  if (upper(x) <= 0) throw Mismatch{"a number > 0 in a logarithm", decimal_up(upper(x), 6)};
  if (lower(x) > 0) return log(x);
  return enclose(Real(-std::numeric_limits<double>::infinity()), upper(log(enclose(upper(x)))));
}

const Meaning& meaning_of(const std::string& name) {
  const auto number = number_meanings().find(name);
  return number != number_meanings().end() ? number->second : matrix_meanings().at(name);
}

CardLayers layers_of(const Matrix<double>& stacked) {
  CardLayers layers;
  const Eigen::Index width = stacked.cols();
  for (Eigen::Index row = 0; row + 2 * width <= stacked.rows(); row += 2 * width) {
    Layer<double> layer;
    layer.heads.push_back({stacked.middleRows(row, width), stacked.middleRows(row + width, width), {}});
    layers.push_back(std::move(layer));
  }
  return layers;
}

long Evaluation::integer(const Expression& e, long least, long largest) {
  const Rational x = exact(e);
  if (denominator(x) != 1 || x < least || x > largest)
    card_.fail(e.place, "an integer from " + std::to_string(least) + " to " + std::to_string(largest),
               exact_text(x));
  return static_cast<long>(numerator(x));
}

Value Evaluation::value(const Expression& e) {
  switch (e.form) {
    case Form::number:
      return rational_from_text(e.text, card_.file);
    case Form::name:
      return named(e);
    case Form::sum:
    case Form::largest:
      return over_index(e);
    case Form::call:
      return call(e);
    default:
      break;
  }
  try {
    if (e.form == Form::negate) {
      const std::vector<Value> operands{Rational(-1), value(e.parts[0])};
      return is_exact(operands[1]) ? arithmetic(Form::multiply, Arguments<Rational>(operands, precision_),
                                                false, is_matrix(operands[1]))
                                   : arithmetic(Form::multiply, Arguments<Interval>(operands, precision_),
                                                false, is_matrix(operands[1]));
    }
    const std::vector<Value> operands{value(e.parts[0]), value(e.parts[1])};
    if (e.form == Form::power) {
      Value result = power(operands[0], operands[1]);
      // The exponent decides it on the instance; the type was fixed for all instances.
      if (e.type.exactness == Exactness::exact && !is_exact(result))
        throw Mismatch{"an exponent of at most 10^6 in size", "a larger one"};
      return result;
    }
    return is_exact(operands[0]) && is_exact(operands[1])
               ? arithmetic(e.form, Arguments<Rational>(operands, precision_), is_matrix(operands[0]),
                            is_matrix(operands[1]))
               : arithmetic(e.form, Arguments<Interval>(operands, precision_), is_matrix(operands[0]),
                            is_matrix(operands[1]));
  } catch (const Mismatch& m) {
    card_.fail(e.place, m.expected, m.found);
  }
}

Value Evaluation::named(const Expression& e) {
  if (const auto index = indices_.find(e.text); index != indices_.end()) return index->second;
  for (std::size_t i = 0; i < card_.givens.size() && i < instance_.values.size(); ++i) {
    if (card_.givens[i].name != e.text) continue;
    const auto& given = instance_.values[i];
    if (const Rational* x = std::get_if<Rational>(&given)) return *x;
    const Matrix<double>& m = std::get<Matrix<double>>(given);
    if (card_.givens[i].domain == Given::Domain::layers) return layers_of(m);
    return matrix_from<Rational>(m);
  }
  if (const auto known = lets_.find(e.text); known != lets_.end()) return known->second;
  for (const Let& l : card_.lets)
    if (l.name == e.text) return lets_[e.text] = value(l.value);
  card_.fail(e.place, "a name with a value", "'" + e.text + "'");
}

Value Evaluation::over_index(const Expression& e) {
  const Rational first = exact(e.parts[0]), last = exact(e.parts[1]);
  if (denominator(first) != 1 || denominator(last) != 1)
    card_.fail(e.place, "integer ends of the range", exact_text(first) + " .. " + exact_text(last));
  if (last - first >= most_terms) card_.fail(e.place, "at most 100000 terms", "more");
  if (e.form == Form::largest && last < first) card_.fail(e.place, "a range that is not empty", "none");
  std::optional<Value> result;
  for (Rational i = first; i <= last; i += 1) {
    indices_[e.text] = i;
    const Value term = value(e.parts[2]);
    if (!result) {
      result = term;
    } else if (e.form == Form::sum) {
      const std::vector<Value> operands{*result, term};
      result = is_exact(*result) && is_exact(term)
                   ? arithmetic(Form::add, Arguments<Rational>(operands, precision_), false, false)
                   : arithmetic(Form::add, Arguments<Interval>(operands, precision_), false, false);
    } else {
      result = meaning_of("max")({*result, term}, precision_);
    }
  }
  indices_.erase(e.text);
  return result.value_or(Rational(0));
}

Value Evaluation::call(const Expression& e) {
  std::vector<Value> arguments;
  for (const Expression& part : e.parts) arguments.push_back(value(part));
  try {
    return meaning_of(e.text)(arguments, precision_);
  } catch (const Mismatch& m) {
    card_.fail(e.place, m.expected + " in " + e.text, m.found);
  } catch (const InputError& error) {  // shapes
    card_.fail(e.place, "arguments that " + e.text + " takes", error.what());
  } catch (const std::domain_error& error) {
    card_.fail(e.place, "arguments that " + e.text + " takes", error.what());
  } catch (const std::runtime_error&) {  // neither side could be shown
    if (e.type == Type{Kind::number, Exactness::enclosed}) return whole_line();
    card_.fail(e.place, "a value of " + e.text + " that can be computed",
               "none within the precision allowed");
  }
}

}  // namespace attnbounds
