// Kind "reduction": a folder of `attnbounds reduce`, every arrow re-derived from the file before it: formula
// -> vectors (split and list), vectors -> gap inner products (the Reed-Solomon protocol), inner products ->
// matrices (every entry), of attention or of a loss, and both sides of the gap from the doubles that stand in
// them, in balls. The answer: a witness, or an exhaustive count of the orthogonal tuples. docs/reductions.md
// has the definitions.
#include "reduction.hpp"

#include <algorithm>
#include <climits>
#include <sstream>

#include "../kinds.hpp"
#include "../least_degree.hpp"

namespace checker {
namespace {

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

}  // namespace

Formula formula_from(const std::string& text, const std::string& place) {
  std::istringstream words;
  std::string body, word;
  for (const std::string& line : lines_of(text))
    if (line.empty() || line[0] != 'c') body += line + "\n";
  words.str(body);
  Formula f;
  long clauses = 0;
  if (!(words >> word) || word != "p" || !(words >> word) || word != "cnf" ||
      !(words >> f.variables >> clauses) || f.variables < 0 || f.variables > 60)
    throw Malformed(place, "p cnf V C with V at most 60", "something else");
  f.clauses.emplace_back();
  for (long x; words >> x;) {
    if (x > f.variables || x < -f.variables)
      throw Malformed(place, "literals of its variables", std::to_string(x));
    if (x == 0) f.clauses.emplace_back();
    else f.clauses.back().push_back(x);
  }
  if (!words.eof() || !f.clauses.back().empty() || static_cast<long>(f.clauses.size()) != clauses + 1)
    throw Malformed(place, "as many clauses as its header says, each ended by 0", "something else");
  f.clauses.pop_back();
  return f;
}
bool satisfies(const Formula& f, unsigned long assignment) {
  return std::all_of(f.clauses.begin(), f.clauses.end(), [&](const std::vector<long>& clause) {
    return std::any_of(clause.begin(), clause.end(), [&](long literal) {
      return ((assignment >> (std::abs(literal) - 1) & 1) != 0) == (literal > 0);
    });
  });
}

namespace {
std::vector<Family> vectors_from(const std::string& text) {
  const auto lines = lines_of(text);
  long arity = 0, count = 0, dimension = -1;
  if (lines.empty() || std::sscanf(lines[0].c_str(), "p ov %ld %ld %ld", &arity, &count, &dimension) != 3 ||
      arity < 2 || arity > 3 || count < 1 || count > static_cast<long>(lines.size()) || dimension < 0 ||
      static_cast<long>(lines.size()) != 1 + arity * count ||
      lines[0] !=
          "p ov " + std::to_string(arity) + " " + std::to_string(count) + " " + std::to_string(dimension))
    throw Malformed("files.vectors", "p ov K N D and K N vectors", "something else");
  std::vector<Family> families;
  for (long i = 0; i < arity * count; ++i) {
    if (i % count == 0) families.emplace_back();
    families.back().push_back(lines[static_cast<std::size_t>(i) + 1]);
    const Vector& v = families.back().back();
    if (static_cast<long>(v.size()) != dimension || v.find_first_not_of("01") != std::string::npos)
      throw Malformed("files.vectors", "vectors of " + std::to_string(dimension) + " bits", "others");
  }
  return families;
}
}  // namespace

std::vector<Family> split_and_list(const Formula& f, std::size_t arity) {
  const long K = static_cast<long>(arity), size = (f.variables + K - 1) / K;
  require(static_cast<double>(size) < 24 &&
              static_cast<double>(1L << size) * static_cast<double>(f.clauses.size()) < kMostSteps,
          "files.formula: too large to be listed");
  std::vector<Family> families(arity);
  for (long k = 0; k < K; ++k)
    for (long x = 0; x < 1L << size; ++x) {
      Vector v;
      for (const auto& clause : f.clauses)
        v += std::any_of(clause.begin(), clause.end(),
                         [&](long literal) {
                           const long i = std::abs(literal) - 1 - k * size;
                           return i >= 0 && i < size && ((x >> i & 1) != 0) == (literal > 0);
                         })
                 ? '0'
                 : '1';
      families[static_cast<std::size_t>(k)].push_back(v);
    }
  return families;
}

void for_all_tuples(const std::vector<Family>& families,
                    const std::function<void(const std::vector<std::size_t>&, long)>& visit) {
  double steps = static_cast<double>(families[0][0].size() + 1);
  for (const Family& family : families) steps *= static_cast<double>(family.size());
  require(steps < kMostSteps, "too many tuples to be gone through");
  std::vector<std::size_t> tuple(families.size());
  std::size_t k = 0;
  do {
    long sum = 0;
    for (std::size_t c = 0; c < families[0][0].size(); ++c) {
      long term = 1;
      for (k = 0; k < tuple.size() && term != 0; ++k) {
        const char digit = families[k][tuple[k]][c];
        term = digit == '0' ? 0 : digit == '1' ? term : -term;
      }
      sum += term;
    }
    visit(tuple, sum);
    for (k = 0; k < tuple.size() && ++tuple[k] == families[k].size(); ++k) tuple[k] = 0;
  } while (k < tuple.size());
}
long orthogonal_tuples(const std::vector<Family>& families) {
  long count = 0;
  for_all_tuples(families, [&](const auto&, long product) { count += product == 0; });
  return count;
}

namespace {

std::string text_of(const Promise& p) {
  std::string text = "p maxip " + std::to_string(p.families.size()) + " " +
                     std::to_string(p.families[0][0].size()) + " " + std::to_string(p.yes) + " " +
                     std::to_string(p.no) + "\n";
  for (const Family& family : p.families) {
    text += "f " + std::to_string(family.size()) + "\n";
    for (const Vector& v : family) text += v + "\n";
  }
  return text;
}

long power_mod(long base, long exponent, long q) {
  long result = 1;
  for (; exponent > 0; exponent /= 2, base = base * base % q)
    if (exponent % 2 == 1) result = result * base % q;
  return result;
}

}  // namespace

Promise protocol(const std::vector<Family>& families, long nodes, long columns, long q) {
  const long K = static_cast<long>(families.size());
  bool prime = q > 1;
  for (long p = 2; p * p <= q; ++p) prime = prime && q % p != 0;
  require(prime && q > columns && q > K * (nodes - 1),
          "protocol: expected a prime field > T and > K (l - 1)");
  require(nodes * columns >= static_cast<long>(families[0][0].size()),
          "protocol: l T is below the dimension");
  double alphas = 1;
  for (long t = 0; t < columns * (K - 1); ++t) alphas *= static_cast<double>(q);
  double advices = 1;
  for (long t = 0; t < (K - 1) * (nodes - 1); ++t) advices *= static_cast<double>(q);
  require(
      static_cast<double>(families[0].size()) * (advices + 2) * static_cast<double>(q) * alphas < kMostSteps,
      "protocol: too large to be listed");
  const auto at = [&](const Vector& v, long rho) {  // the T interpolated values
    std::vector<long> values(static_cast<std::size_t>(columns), 0);
    for (long s = 0; s < nodes; ++s) {
      long basis = 1;
      for (long u = 0; u < nodes; ++u)
        if (u != s) basis = basis * ((rho - u + q) % q) % q * power_mod((s - u + q) % q, q - 2, q) % q;
      for (long t = 0; t < columns; ++t)
        if (const std::size_t c = static_cast<std::size_t>(s * columns + t); c < v.size() && v[c] == '1')
          values[static_cast<std::size_t>(t)] = (values[static_cast<std::size_t>(t)] + basis) % q;
    }
    return values;
  };
  long symbols = 1;  // q^T
  for (long t = 0; t < columns; ++t) symbols *= q;
  const long others = K == 3 ? symbols : 1;
  const auto number = [&](const std::vector<long>& values) {
    long result = 0;
    for (long t = columns; t-- > 0;) result = result * q + values[static_cast<std::size_t>(t)];
    return result;
  };
  Promise p;
  p.sign = 1;
  p.yes = q;
  p.no = K * (nodes - 1);
  for (long k = 0; k + 1 < K; ++k) {
    p.families.emplace_back();
    for (const Vector& v : families[static_cast<std::size_t>(k)]) {
      Vector bits;
      for (long rho = 0; rho < q; ++rho) {
        const long mine = number(at(v, rho));
        for (long alpha = 0; alpha < symbols; ++alpha)
          for (long other = 0; other < others; ++other) bits += (k == 0 ? alpha : other) == mine ? '1' : '0';
      }
      p.families.back().push_back(bits);
    }
  }
  p.families.emplace_back();
  for (long advice = 0; advice < static_cast<long>(advices); ++advice)
    for (const Vector& v : families.back()) {
      Vector bits;
      for (long rho = 0; rho < q; ++rho) {
        long value = 0, power = 1;
        for (long i = 0, rest = advice; i < (K - 1) * (nodes - 1); ++i, rest /= q, power = power * rho % q)
          value = (value + rest % q * power) % q;
        for (long s = 0; s < nodes; ++s) value = value * ((rho - s % q + q) % q) % q;
        const std::vector<long> mine = at(v, rho);
        for (long alpha = 0; alpha < symbols; ++alpha)
          for (long other = 0; other < others; ++other) {
            long sum = 0;
            for (long t = 0, a = alpha, b = other; t < columns; ++t, a /= q, b /= q)
              sum = (sum + a % q * (K == 3 ? b % q : 1) % q * mine[static_cast<std::size_t>(t)]) % q;
            bits += sum == value ? '1' : '0';
          }
      }
      p.families.back().push_back(bits);
    }
  return p;
}

Threshold::Threshold(const Field& field, const std::vector<Family>& families)
    : arity(families.size()),
      r(field["entry"].dyadic()),
      w(field["bias"].dyadic()),
      e(field["bias_columns"].integer(1, 1 << 20)),
      d(static_cast<long>(families[0][0].size()) + e),
      anchors(arity == 2 ? 1 : static_cast<long>(families[1].size() + families[2].size()) + 1) {
  if (!(Dyadic(0) < r)) field["entry"].expected("a number > 0");
}
Fraction Threshold::score(long s) const {
  const Fraction R(r), others = arity == 2 ? R : R * R;
  return others * (R * Fraction(s) + Fraction(w) * Fraction(e)) / Fraction(d);
}

namespace {

void require_matrix(const Matrix& m, const Family& family, long bias_columns, const Dyadic& scale,
                    const Dyadic& bias, bool anchor, const std::string& place) {
  const long dimension = static_cast<long>(family[0].size()), rows = static_cast<long>(family.size());
  require(m.rows == rows + anchor && m.columns == dimension + bias_columns,
          place + ": the shape does not fit");
  for (long i = 0; i < m.rows; ++i)
    for (long c = 0; c < m.columns; ++c) {
      const bool one = i < rows && c < dimension &&
                       family[static_cast<std::size_t>(i)][static_cast<std::size_t>(c)] == '1';
      const Dyadic expected = i >= rows ? Dyadic(0) : c >= dimension ? bias : one ? scale : Dyadic(0);
      require(arf_equal(m(i, c).get(), expected.get()) != 0, place + ": row " + std::to_string(i) +
                                                                 ", column " + std::to_string(c) +
                                                                 " is not that of the vectors");
    }
}

void require_values(const Matrix& m, std::size_t rows, const std::string& place) {
  require(m.rows == static_cast<long>(rows) + 1 && m.columns == 1, place + ": the shape does not fit");
  for (long i = 0; i < m.rows; ++i)
    require(arf_equal(m(i, 0).get(), Dyadic(i + 1 < m.rows ? 1 : 0).get()) != 0,
            item(place, static_cast<std::size_t>(i)) + ": not its value");
}

}  // namespace

Proved prove_reduction(const Field& top, const Folder& folder) {
  const std::size_t arity = static_cast<std::size_t>(top["arity"].integer(2, 3));
  const Field files = top["files"];  // each of them is used, or must not be named
  Promise promise;
  promise.families = vectors_from(hashed_file(files["vectors"], folder));
  const std::vector<Family> vectors = promise.families;
  require(vectors.size() == arity, "arity: not that of the vectors");

  // The answer, from the vectors.
  unsigned long assignment = 0;  // of the witness' parts
  std::string answer;
  if (top.has("witness")) {
    require(top["witness"].size() == arity && !top.has("count"),
            "witness: expected one vector a family, and no count");
    std::vector<Family> tuple;
    for (std::size_t k = arity; k-- > 0;) {
      const long size = static_cast<long>(vectors[k].size()), x = top["witness"][k].integer(0, size - 1);
      tuple.push_back({vectors[k][static_cast<std::size_t>(x)]});
      assignment = assignment * static_cast<unsigned long>(size) + static_cast<unsigned long>(x);
    }
    require(orthogonal_tuples(tuple) == 1, "witness: these vectors are not orthogonal");
    answer = "yes, by a witness";
  } else {
    const long count = orthogonal_tuples(vectors);
    require(count == top["count"].integer(0, LONG_MAX),
            "count: " + std::to_string(count) + " tuples are orthogonal");
    answer = std::to_string(count) + " orthogonal tuples, by exhaustion";
  }
  if (files.has("formula")) {
    const Formula formula = formula_from(hashed_file(files["formula"], folder), "files.formula");
    require(split_and_list(formula, arity) == vectors, "files.vectors: not the formula's split and list");
    require(!top.has("witness") || satisfies(formula, assignment),
            "witness: its assignment does not satisfy the formula");
  }
  if (top.has("protocol")) {
    const Field p = top["protocol"];
    promise = protocol(vectors, p["nodes"].integer(1, 1000), p["columns"].integer(1, 30),
                       p["field"].integer(2, 1000));
    require(hashed_file(files["inner_products"], folder) == text_of(promise),
            "files.inner_products: not the vectors' protocol");
  } else if (files.has("inner_products")) {
    files["inner_products"].expected("null without a protocol");
  }
  if (!top.has("threshold")) {
    require(!top.has("decision") && !top.has("gap") && !top.has("epsilon"),
            "decision, gap, epsilon: expected null without a threshold");
    return {"reduction of arity " + std::to_string(arity) + ": " + answer, {{"answer", answer}}};
  }

  const std::vector<Family>& f = promise.families;
  const Threshold t(top["threshold"], f);
  const Dyadic r = t.r, w = t.w, minus_r = Dyadic(0) - r;
  const long e = t.e, n0 = static_cast<long>(f[0].size());
  const bool gradient = files.has("X");  // of the loss with Y = 1, E = 0: A1 X against the keys
  const auto matrix = [&](const char* name) { return hashed_matrix(files[name], folder); };
  const auto rows = [&](const char* name, std::size_t k, const Dyadic& scale, const Dyadic& bias) {
    require_matrix(matrix(name), f[k], e, scale, bias, k > 0, "files." + std::string(name));
  };
  const auto values = [&](const char* name, std::size_t k) {
    require_values(matrix(name), f[k].size(), "files." + std::string(name));
  };
  rows(gradient ? "A1" : "q", 0, r, r);
  rows(gradient ? "A2" : "k", 1, promise.sign > 0 ? r : minus_r, w);
  if (arity == 3) {
    rows(gradient ? "A3" : "k2", 2, r, r);
    values(gradient ? "A4" : "v", 1);
    values(gradient ? "A5" : "v2", 2);
  } else {
    values(gradient ? "A3" : "v", 1);
  }
  if (gradient) {
    const auto constant = [&](const char* name, long height, long width, const auto& entry) {
      const Matrix m = matrix(name);
      const std::string place = "files." + std::string(name);
      require(m.rows == height && m.columns == width, place + ": the shape does not fit");
      for (long i = 0; i < height; ++i)
        for (long c = 0; c < width; ++c)
          require(Fraction(m(i, c)) == Fraction(entry(i, c)),
                  place + ": another entry in row " + std::to_string(i));
    };
    const long step = arity == 2 ? 1 : t.d + 1;  // column (a, a) of X is a d + a
    constant("X", t.d, arity == 2 ? t.d : t.d * t.d, [&](long i, long c) { return c == i * step; });
    constant("E", n0, 1, [](long, long) { return 0; });
    for (const char* name : arity == 2 ? std::vector{"Y"} : std::vector{"Y1", "Y2"})
      constant(name, 1, 1, [](long, long) { return 1; });
  }
  double copies = 1;
  for (std::size_t k = 1; k < arity; ++k) copies *= static_cast<double>(f[k].size());
  const Fraction decision = positive_from(top["decision"]), gap = positive_from(top["gap"]),
                 epsilon = positive_from(top["epsilon"]);
  // f(1) = |Att|^2 from gradients: the quadrature errs by 1/16, gradients off by epsilon by 2 d epsilon =
  // 1/8.
  const Fraction margin = gradient ? Fraction(1) / Fraction(4) : epsilon;
  require(!gradient || (decision == Fraction(1) / Fraction(3) && epsilon == Fraction(1) / Fraction(16 * t.d)),
          "decision, epsilon: not 1/3 and 1/(16 d)");
  return at_rising_precision(128, 100, [&] {
    Ball yes = t.output(exp(Ball(t.score(promise.yes))));
    Ball no = t.output(Ball(static_cast<long>(copies)) * exp(Ball(t.score(promise.no))));
    if (gradient) yes = yes * yes, no = Ball(n0) * no * no;
    require_at_most(Ball(gap), yes - no, "gap: against what the matrices promise");
    require_at_most(Ball(margin), yes - Ball(decision), "epsilon: against the yes side");
    require_at_most(Ball(margin), Ball(decision) - no, "epsilon: against the no side");
    return Proved{"reduction of arity " + std::to_string(arity) + ": " + answer +
                      (gradient ? "; a yes has |Att|^2 at least " : "; a yes has an output of at least ") +
                      decimal(yes, Rounding::down) + ", a no none above " + decimal(no, Rounding::up),
                  {{"answer", answer}, {"gap", enclosure_json(yes - no)}}};
  });
}

}  // namespace checker
