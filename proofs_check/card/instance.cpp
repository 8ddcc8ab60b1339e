#include "proofs_check/card/instance.hpp"

#include <algorithm>

namespace attnbounds {
namespace {

using Index = Eigen::Index;
using Domain = Given::Domain;

constexpr long most_side = 64, most_integer = 1000000000;
constexpr int attempts = 40;

struct Range {
  Rational least, largest;
  Index rows = 0, columns = 0;  // of matrices
};

/// Of the next given, on an instance that has values for those before it.
Range range_of(const Card& card, const CardInstance& before) {
  const Given& g = card.givens[before.values.size()];
  Evaluation at(card, before, Bits{64});
  Range r{at.exact(g.least), at.exact(g.largest), 0, 0};
  if (r.least > r.largest)
    card.fail(g.place, "a range that is not empty", "[" + r.least.str() + ", " + r.largest.str() + "]");
  if (g.domain == Domain::integers) {
    r = {Rational(-scaled_floor(Rational(-r.least), 0)), Rational(scaled_floor(r.largest, 0)), 0, 0};
    if (r.least > r.largest || abs(r.least) > most_integer || abs(r.largest) > most_integer)
      card.fail(g.place, "a range of integers up to 10^9 in size",
                "[" + r.least.str() + ", " + r.largest.str() + "]");
  } else if (g.domain == Domain::matrices) {
    r.rows = at.integer(g.shape[0], 1, most_side);
    r.columns = at.integer(g.shape[1], 1, most_side);
  } else if (g.domain == Domain::layers) {
    r.columns = at.integer(g.shape[1], 1, 16);
    r.rows = 2 * r.columns * at.integer(g.shape[0], 0, 16);
  }
  if (r.rows > 0 && round_up(r.least) > round_down(r.largest))
    card.fail(g.place, "a range that holds a double", "[" + r.least.str() + ", " + r.largest.str() + "]");
  return r;
}

double clamped(double x, const Range& r) { return std::clamp(x, round_up(r.least), round_down(r.largest)); }

// ---- Drawing.

/// least + (largest - least) k/2^bits
Rational between(const Range& r, std::uint64_t k, int bits) {
  return r.least +
         (r.largest - r.least) * Rational(Integer(k)) / Rational(Integer(1) << static_cast<unsigned>(bits));
}

Rational drawn_number(const Given& g, const Range& r, Stream& s) {
  if (s.below(4) == 0) return s.sign() < 0 ? r.least : r.largest;
  if (g.domain == Domain::integers)
    return r.least + Rational(Integer(
                         s.below(static_cast<std::uint64_t>(Integer(numerator(r.largest - r.least))) + 1)));
  const int bits = static_cast<int>(1 + s.below(20));
  switch (s.below(4)) {
    case 0:
      return between(r, 1, bits);  // near the ends
    case 1:
      return between(r, (std::uint64_t{1} << bits) - 1, bits);
    default:
      return between(r, s.below((std::uint64_t{1} << bits) + 1), bits);
  }
}

double drawn_entry(const Range& r, Stream& s) {
  switch (s.below(5)) {
    case 0:
      return clamped(0, r);
    case 1:
      return s.sign() < 0 ? round_up(r.least) : round_down(r.largest);
    default:
      return clamped(nearest(between(r, s.below(65), 6)), r);
  }
}

Matrix<double> drawn_matrix(const Range& r, const CardInstance& before, Stream& s) {
  Matrix<double> m(r.rows, r.columns);
  const double low = round_up(r.least), high = round_down(r.largest);
  const auto fill = [&](auto entry) {
    for (Index i = 0; i < m.rows(); ++i)
      for (Index j = 0; j < m.cols(); ++j) m(i, j) = entry(i, j);
  };
  switch (s.below(9)) {
    case 0:  // corners of the box
      fill([&](Index, Index) { return s.sign() < 0 ? low : high; });
      return m;
    case 1: {  // constant
      const double c = drawn_entry(r, s);
      fill([&](Index, Index) { return c; });
      return m;
    }
    case 2: {  // one row, repeated
      std::vector<double> row;
      for (Index j = 0; j < m.cols(); ++j) row.push_back(drawn_entry(r, s));
      fill([&](Index, Index j) { return row[static_cast<std::size_t>(j)]; });
      return m;
    }
    case 3: {  // two masses: the first row against all others
      const double first = drawn_entry(r, s), others = drawn_entry(r, s);
      fill([&](Index i, Index) { return i == 0 ? first : others; });
      return m;
    }
    case 4:  // aligned with an earlier matrix of its width
      for (const auto& value : before.values) {
        const Matrix<double>* other = std::get_if<Matrix<double>>(&value);
        if (other == nullptr || other->cols() != m.cols() || other->rows() == 0) continue;
        fill([&](Index i, Index j) { return clamped((*other)(i % other->rows(), j), r); });
        return m;
      }
      [[fallthrough]];
    case 5:  // one entry a row
      fill([&](Index i, Index j) { return i % m.cols() == j ? high : clamped(0, r); });
      return m;
    default:
      fill([&](Index, Index) { return drawn_entry(r, s); });
      return m;
  }
}

CardInstance drawn_instance(const Card& card, Stream& s) {
  CardInstance instance;
  for (const Given& g : card.givens) {
    const Range r = range_of(card, instance);
    if (g.domain == Domain::integers || g.domain == Domain::rationals)
      instance.values.emplace_back(drawn_number(g, r, s));
    else instance.values.emplace_back(drawn_matrix(r, instance, s));
  }
  return instance;
}

/// Every number at its least or largest, by the bits of `corner`; matrices at the corners of their boxes.
CardInstance corner_instance(const Card& card, std::size_t corner, Stream& s) {
  CardInstance instance;
  for (const Given& g : card.givens) {
    const Range r = range_of(card, instance);
    const bool high = corner % 2 == 1;
    if (g.domain == Domain::integers || g.domain == Domain::rationals) {
      instance.values.emplace_back(high ? r.largest : r.least);
      corner /= 2;
    } else {
      Matrix<double> m(r.rows, r.columns);
      for (Index i = 0; i < m.size(); ++i)
        m.data()[i] = s.sign() < 0 ? round_up(r.least) : round_down(r.largest);
      instance.values.emplace_back(std::move(m));
    }
  }
  return instance;
}

// ---- Fitting an instance whose numbers were changed into its ranges.

void drop_rows(Matrix<double>& m, Index rows, Index which) {
  while (m.rows() > rows) {
    const Index r = which % m.rows();
    Matrix<double> rest(m.rows() - 1, m.cols());
    rest << m.topRows(r), m.bottomRows(m.rows() - 1 - r);
    m = rest;
  }
}

CardInstance fitted(const Card& card, const CardInstance& wanted, Index dropped) {
  CardInstance instance;
  for (std::size_t i = 0; i < card.givens.size(); ++i) {
    const Range r = range_of(card, instance);
    if (const Rational* x = std::get_if<Rational>(&wanted.values[i])) {
      instance.values.emplace_back(std::clamp(*x, r.least, r.largest));
      continue;
    }
    Matrix<double> m = std::get<Matrix<double>>(wanted.values[i]);
    drop_rows(m, r.rows, dropped);
    Matrix<double> t = m.transpose();
    drop_rows(t, r.columns, dropped);
    m = t.transpose();
    Matrix<double> fit = Matrix<double>::Constant(r.rows, r.columns, clamped(0, r));
    for (Index a = 0; a < r.rows; ++a)
      for (Index b = 0; b < r.columns; ++b)
        if (m.size() > 0) fit(a, b) = clamped(m(a % m.rows(), b % m.cols()), r);
    instance.values.emplace_back(std::move(fit));
  }
  return instance;
}

/// The instance with given i replaced, fitted.
CardCase with_number(const CardCase& c, std::size_t i, const Rational& x, Index dropped = 0) {
  CardCase changed = c;
  changed.instance.values[i] = x;
  changed.instance = fitted(*c.card, changed.instance, dropped);
  return changed;
}

Range range_at(const CardCase& c, std::size_t i) {
  CardInstance before;
  before.values.assign(c.instance.values.begin(), c.instance.values.begin() + static_cast<std::ptrdiff_t>(i));
  return range_of(*c.card, before);
}

bool is_number(const Card& card, std::size_t i) {
  return card.givens[i].domain == Domain::integers || card.givens[i].domain == Domain::rationals;
}

/// Moves one number towards an end of its range as far as the hypotheses allow.
CardCase pushed(const CardCase& c, Stream& s) {
  const std::size_t i = s.below(c.card->givens.size());
  if (!is_number(*c.card, i)) return c;
  const Range r = range_at(c, i);
  const Rational end = s.sign() < 0 ? r.least : r.largest;
  CardCase inside = with_number(c, i, end);
  if (satisfies_hypotheses(inside)) return inside;
  inside = c;
  Rational good = std::get<Rational>(c.instance.values[i]), bad = end;
  for (int step = 0; step < 12; ++step) {
    Rational middle = (good + bad) / 2;
    if (c.card->givens[i].domain == Domain::integers) middle = Rational(scaled_floor(middle, 0));
    if (middle == good || middle == bad) break;
    CardCase at = with_number(c, i, middle);
    if (satisfies_hypotheses(at)) {
      good = middle;
      inside = std::move(at);
    } else {
      bad = middle;
    }
  }
  return inside;
}

// ---- Shrinking: a measure that only falls.

std::size_t length(const Rational& x) {
  if (x == 0) return 0;
  return 1 + msb(Integer(abs(numerator(x)))) + 2 * msb(denominator(x)) + (x < 0 ? 1 : 0);
}
std::size_t length(double x) { return length(to_rational(x)); }

std::vector<Rational> shorter_numbers(const Rational& x) {
  std::vector<Rational> list{0, 1};
  for (const long q : {1L, 2L, 3L, 4L, 8L, 10L, 16L, 64L, 100L, 1024L}) {
    list.push_back(Rational(scaled_floor(Rational(x * q), 0)) / q);
    list.push_back(Rational(scaled_floor(Rational(x * q), 0) + 1) / q);
  }
  std::erase_if(list, [&](const Rational& y) { return length(y) >= length(x); });
  return list;
}

std::vector<double> shorter_entries(double x) {
  std::vector<double> list{0.0};
  for (const double scale : {1.0, 2.0, 4.0, 8.0, 32.0, 256.0, 65536.0}) {
    const double scaled = x * scale;
    if (!std::isfinite(scaled) || std::abs(scaled) > 0x1p52) continue;
    list.push_back(std::trunc(scaled) / scale);
    list.push_back((std::trunc(scaled) + (x < 0 ? -1 : 1)) / scale);
  }
  std::erase_if(list, [&](double y) { return length(y) >= length(x); });
  return list;
}

/// Wider than 2^-8 of itself (0 is narrow enough).
bool is_wide(const Interval& x) { return !is_finite(x) || width(x) * 256 > magnitude(x); }

}  // namespace

Compared compare(const CardCase& c, const RightSide& changed, PrecisionLadder ladder) {
  const Statement& s = c.card->conclusion;
  const bool exact = s.left.type.exactness == Exactness::exact && s.right.type.exactness == Exactness::exact;
  if (exact) {
    Evaluation at(*c.card, c.instance, Bits{64});
    Rational left = at.exact(s.left), right = at.exact(s.right) * changed.factor + changed.shift;
    if (s.relation == Relation::equal) {
      left = abs(Rational(left - right));
      right = 0;
    }
    return {{left <= right ? Verdict::verified : Verdict::refuted, enclose(left), enclose(right), Bits{0}},
            std::pair(left, right)};
  }
  Bits bits = ladder.first;
  const auto sides = [&] {
    Evaluation at(*c.card, c.instance, bits);
    bits.count *= 2;
    const auto over = [](const Value& v) {
      const Rational* x = std::get_if<Rational>(&v);
      return x != nullptr ? enclose(*x) : std::get<Interval>(v);
    };
    Interval left = over(at.value(s.left)), right = over(at.value(s.right));
    if (changed.factor != 1) right = right * enclose(changed.factor);
    if (changed.shift != 0) right = right + enclose(changed.shift);
    return std::pair(left, right);
  };
  Decision decision = decide_at_most(sides, ladder);
  // Decided, but by enclosures too wide to tell how near the sides are: narrower ones, for the ratio.
  while (decision.precision.count * 2 <= ladder.last.count &&
         (is_wide(decision.left) || is_wide(decision.right))) {
    bits = {decision.precision.count * 2};
    decision = decide_at_most(sides, {bits, bits});
  }
  return {decision, {}};
}

bool holds(const Statement& h, const CardCase& c) {
  const bool exact = h.left.type.exactness == Exactness::exact && h.right.type.exactness == Exactness::exact;
  const bool turned = h.relation == Relation::at_least || h.relation == Relation::above;
  const bool strict = h.relation == Relation::below || h.relation == Relation::above;
  const Expression &small = turned ? h.right : h.left, &large = turned ? h.left : h.right;
  if (exact) {
    Evaluation at(*c.card, c.instance, Bits{64});
    const Rational l = at.exact(small), r = at.exact(large);
    return h.relation == Relation::equal ? l == r : strict ? l < r : l <= r;
  }
  for (Bits bits{64}; bits.count <= 512; bits.count *= 2) {
    const WorkingPrecision guard(bits);
    Evaluation at(*c.card, c.instance, bits);
    const auto over = [](const Value& v) {
      const Rational* x = std::get_if<Rational>(&v);
      return x != nullptr ? enclose(*x) : std::get<Interval>(v);
    };
    const Interval l = over(at.value(small)), r = over(at.value(large));
    if (upper(l) < lower(r) || (!strict && upper(l) <= lower(r))) return true;
    if (lower(l) > upper(r) || (strict && lower(l) >= upper(r))) return false;
  }
  return false;
}

bool satisfies_hypotheses(const CardCase& c) {
  return std::all_of(c.card->hypotheses.begin(), c.card->hypotheses.end(),
                     [&](const Statement& h) { return holds(h, c); });
}

std::optional<CardCase> draw_case(const std::shared_ptr<const Card>& card, Draw& d) {
  for (int attempt = 0; attempt < attempts; ++attempt) {
    CardCase c{card, attempt == 0 && d.index < 16 ? corner_instance(*card, d.index, d.stream)
                                                  : drawn_instance(*card, d.stream)};
    if (!satisfies_hypotheses(c)) continue;
    return d.index % 4 == 3 ? pushed(c, d.stream) : c;
  }
  return {};
}

std::optional<std::vector<CardCase>> all_cases(const std::shared_ptr<const Card>& card, std::size_t most) {
  for (const Given& g : card->givens)
    if (g.domain != Domain::integers) return {};
  std::vector<CardInstance> partial(1);
  for (std::size_t i = 0; i < card->givens.size(); ++i) {
    std::vector<CardInstance> longer;
    for (const CardInstance& before : partial) {
      const Range r = range_of(*card, before);
      if (r.largest - r.least >= static_cast<long>(most - longer.size())) return {};
      for (Rational x = r.least; x <= r.largest; x += 1) {
        longer.push_back(before);
        longer.back().values.emplace_back(x);
      }
    }
    partial = std::move(longer);
  }
  std::vector<CardCase> cases;
  for (CardInstance& instance : partial) {
    CardCase c{card, std::move(instance)};
    if (satisfies_hypotheses(c)) cases.push_back(std::move(c));
  }
  return cases;
}

CardCase moved(const CardCase& c, Stream& s) {
  const Card& card = *c.card;
  const std::size_t i = s.below(card.givens.size());
  const Range r = range_at(c, i);
  if (is_number(card, i)) {
    const Rational x = std::get<Rational>(c.instance.values[i]);
    const Index dropped = static_cast<Index>(s.below(8));
    if (card.givens[i].domain == Domain::integers && s.below(3) != 0)
      return with_number(c, i, std::clamp(Rational(x + s.sign()), r.least, r.largest), dropped);
    switch (s.below(3)) {
      case 0:
        return with_number(c, i, drawn_number(card.givens[i], r, s), dropped);
      case 1: {  // half way to an end
        const Rational half = (x + (s.sign() < 0 ? r.least : r.largest)) / 2;
        if (card.givens[i].domain == Domain::rationals && length(half) < 100)
          return with_number(c, i, half, dropped);
        return with_number(c, i, s.sign() < 0 ? r.least : r.largest, dropped);
      }
      default: {  // a small step
        const Rational step = (r.largest - r.least) / static_cast<long>(1L << (1 + s.below(24)));
        Rational y = std::clamp(Rational(x + s.sign() * step), r.least, r.largest);
        if (card.givens[i].domain == Domain::integers) y = Rational(scaled_floor(y, 0));
        return with_number(c, i, length(y) < 100 ? y : r.least, dropped);
      }
    }
  }
  CardCase changed = c;
  Matrix<double>& m = std::get<Matrix<double>>(changed.instance.values[i]);
  if (m.size() == 0) return changed;
  const Index row = static_cast<Index>(s.below(static_cast<std::uint64_t>(m.rows())));
  const Index column = static_cast<Index>(s.below(static_cast<std::uint64_t>(m.cols())));
  switch (s.below(8)) {
    case 0:
      m.row(row) = m.row(static_cast<Index>(s.below(static_cast<std::uint64_t>(m.rows()))));
      break;
    case 1:
      m.row(row) = -m.row(row);
      break;
    case 2:
      for (Index j = 0; j < m.cols(); ++j) m(row, j) = drawn_entry(r, s);
      break;
    case 3:
      m(row, column) = s.sign() < 0 ? round_up(r.least) : round_down(r.largest);
      break;
    case 4:
      m(row, column) = m(static_cast<Index>(s.below(static_cast<std::uint64_t>(m.rows()))), column);
      break;
    case 5:
      m(row, column) = drawn_entry(r, s);
      break;
    default: {  // a step of any size
      const double size =
          (round_down(r.largest) - round_up(r.least)) * std::ldexp(1.0, -static_cast<int>(s.below(24)));
      m(row, column) += s.sign() * size;
    }
  }
  for (Index e = 0; e < m.size(); ++e) m.data()[e] = clamped(m.data()[e], r);
  return changed;
}

std::vector<CardCase> smaller(const CardCase& c) {
  std::vector<CardCase> cases;
  const Card& card = *c.card;
  for (std::size_t i = 0; i < card.givens.size(); ++i) {
    if (card.givens[i].domain != Domain::integers) continue;
    const Range r = range_at(c, i);
    const Rational x = std::get<Rational>(c.instance.values[i]);
    const Rational towards = r.least > 0 ? r.least : r.largest < 0 ? r.largest : Rational(0);
    if (x == towards) continue;
    cases.push_back(with_number(c, i, towards));
    Index rows = 1;
    for (const auto& value : c.instance.values)
      if (const auto* m = std::get_if<Matrix<double>>(&value)) rows = std::max({rows, m->rows(), m->cols()});
    for (Index dropped = 0; dropped < std::min<Index>(rows, 16); ++dropped)
      cases.push_back(with_number(c, i, x > towards ? Rational(x - 1) : Rational(x + 1), dropped));
  }
  for (std::size_t i = 0; i < card.givens.size(); ++i) {
    const Range r = range_at(c, i);
    if (card.givens[i].domain == Domain::rationals) {
      const Rational x = std::get<Rational>(c.instance.values[i]);
      for (const Rational& y : shorter_numbers(x))
        if (r.least <= y && y <= r.largest) cases.push_back(with_number(c, i, y));
    } else if (!is_number(card, i)) {
      const Matrix<double>& m = std::get<Matrix<double>>(c.instance.values[i]);
      for (Index e = 0; e < m.size(); ++e)
        for (const double y : shorter_entries(m.data()[e])) {
          if (clamped(y, r) != y) continue;
          cases.push_back(c);
          std::get<Matrix<double>>(cases.back().instance.values[i]).data()[e] = y;
        }
    }
  }
  return cases;
}

namespace {

std::string latex_number(const Rational& x) {
  if (denominator(x) == 1) return x.str();
  const Rational size = abs(x);
  const Integer p = numerator(size), q = denominator(size);
  const std::string sign = x < 0 ? "-" : "";
  const auto power_of_two = [](const Integer& n) { return msb(n) == lsb(n); };
  if (q > 100000 && power_of_two(q)) return sign + p.str() + R"(\cdot 2^{-)" + std::to_string(msb(q)) + "}";
  return sign + R"(\tfrac{)" + p.str() + "}{" + q.str() + "}";
}

std::string latex_matrix(const Matrix<double>& m) {
  std::string text = R"(\begin{pmatrix})";
  for (Index i = 0; i < m.rows(); ++i) {
    for (Index j = 0; j < m.cols(); ++j) text += (j > 0 ? " & " : " ") + latex_number(to_rational(m(i, j)));
    if (i + 1 < m.rows()) text += R"( \\)";
  }
  return text + R"( \end{pmatrix})";
}

}  // namespace

std::string latex_of(const Card& card, const CardInstance& instance) {
  std::string text;
  for (std::size_t i = 0; i < card.givens.size(); ++i) {
    text += (i == 0 ? "" : R"(,\; )") + latex_name(card.givens[i].name) + " = ";
    const auto& value = instance.values[i];
    if (const Rational* x = std::get_if<Rational>(&value)) text += latex_number(*x);
    else text += latex_matrix(std::get<Matrix<double>>(value));
  }
  return text;
}

Json describe(const CardCase& c) {
  Json j = Json::object();
  for (std::size_t i = 0; i < c.card->givens.size(); ++i) {
    const auto& value = c.instance.values[i];
    Json& entry = j[c.card->givens[i].name];
    if (const Rational* x = std::get_if<Rational>(&value)) {
      entry = x->str();
      continue;
    }
    const Matrix<double>& m = std::get<Matrix<double>>(value);
    entry = Json::array();
    for (Index a = 0; a < m.rows(); ++a) {
      entry.push_back(Json::array());
      for (Index b = 0; b < m.cols(); ++b) entry.back().push_back(to_rational(m(a, b)).str());
    }
  }
  j["LaTeX"] = latex_of(*c.card, c.instance);
  return j;
}

}  // namespace attnbounds
