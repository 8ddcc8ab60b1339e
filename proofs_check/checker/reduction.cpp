// Kind "reduction": a folder of `attnbounds reduce`, every arrow re-derived from the file before it: formula
// -> vectors (split and list), vectors -> gap inner products (the Reed-Solomon protocol), inner products ->
// matrices (every entry), and both sides of the gap from the doubles that stand in them, in balls. The
// answer: a witness, or an exhaustive count of the orthogonal tuples. docs/reductions.md has the definitions.
#include <algorithm>
#include <climits>
#include <sstream>

#include "kinds.hpp"
#include "least_degree.hpp"

namespace checker {
namespace {

constexpr double kMostSteps = 2e8;  // of combinatorial work

using Vector = std::string;  // of '0' and '1'
using Family = std::vector<Vector>;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

struct Formula {
  long variables = 0;
  std::vector<std::vector<long>> clauses;
};
Formula formula_from(const std::string& text) {
  std::istringstream words;
  std::string body, word;
  for (const std::string& line : lines_of(text))
    if (line.empty() || line[0] != 'c') body += line + "\n";
  words.str(body);
  Formula f;
  long clauses = 0;
  if (!(words >> word) || word != "p" || !(words >> word) || word != "cnf" ||
      !(words >> f.variables >> clauses) || f.variables < 0 || f.variables > 60)
    throw Malformed("files.formula", "p cnf V C with V at most 60", "something else");
  f.clauses.emplace_back();
  for (long x; words >> x;) {
    if (x > f.variables || x < -f.variables)
      throw Malformed("files.formula", "literals of its variables", std::to_string(x));
    if (x == 0) f.clauses.emplace_back();
    else f.clauses.back().push_back(x);
  }
  if (!words.eof() || !f.clauses.back().empty() || static_cast<long>(f.clauses.size()) != clauses + 1)
    throw Malformed("files.formula", "as many clauses as its header says, each ended by 0", "something else");
  f.clauses.pop_back();
  return f;
}

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

// Bit c of the vector of an assignment of part k is 0 iff it satisfies clause c.
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

struct Promise {
  std::vector<Family> families;
  long yes = 0, no = -1, sign = -1;
};

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

// The protocol over F_q: vectors as l x T tables, rows interpolated at 0 … l-1, evaluated at every rho of
// F_q.
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

// S/(S + anchors) for `copies` tuples of the score.
Ball output_at(const Fraction& score, const Fraction& copies, long anchors) {
  const Ball weight = Ball(copies) * exp(Ball(score));
  return weight / (weight + Ball(anchors));
}

bool orthogonal(const std::vector<const Vector*>& tuple) {
  for (std::size_t c = 0; c < tuple[0]->size(); ++c)
    if (std::all_of(tuple.begin(), tuple.end(), [&](const Vector* v) { return (*v)[c] == '1'; }))
      return false;
  return true;
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
  double tuples = 1;
  for (const Family& family : vectors) tuples *= static_cast<double>(family.size());
  std::vector<long> witness;
  std::string answer;
  if (top.has("witness")) {
    require(top["witness"].size() == arity && !top.has("count"),
            "witness: expected one vector a family, and no count");
    std::vector<const Vector*> tuple;
    for (std::size_t k = 0; k < arity; ++k) {
      witness.push_back(top["witness"][k].integer(0, static_cast<long>(vectors[k].size()) - 1));
      tuple.push_back(&vectors[k][static_cast<std::size_t>(witness[k])]);
    }
    require(orthogonal(tuple), "witness: these vectors are not orthogonal");
    answer = "yes, by a witness";
  } else {
    require(tuples * static_cast<double>(vectors[0][0].size() + 1) < kMostSteps,
            "count: too many tuples to be counted");
    long count = 0;
    for (const Vector& x : vectors[0])
      for (const Vector& y : vectors[1]) {
        if (arity == 2) count += orthogonal({&x, &y});
        else
          for (const Vector& z : vectors[2]) count += orthogonal({&x, &y, &z});
      }
    require(count == top["count"].integer(0, LONG_MAX),
            "count: " + std::to_string(count) + " tuples are orthogonal");
    answer = std::to_string(count) + " orthogonal tuples, by exhaustion";
  }
  if (files.has("formula")) {
    const Formula formula = formula_from(hashed_file(files["formula"], folder));
    require(split_and_list(formula, arity) == vectors, "files.vectors: not the formula's split and list");
    const long size = (formula.variables + static_cast<long>(arity) - 1) / static_cast<long>(arity);
    for (const auto& clause : formula.clauses)
      require(witness.empty() ||
                  std::any_of(clause.begin(), clause.end(),
                              [&](long literal) {
                                const long v = std::abs(literal) - 1;
                                return ((witness[static_cast<std::size_t>(v / size)] >> (v % size) & 1) !=
                                        0) == (literal > 0);
                              }),
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

  const Field t = top["threshold"];
  const Dyadic r = t["entry"].dyadic(), w = t["bias"].dyadic(), minus_r = Dyadic(0) - r;
  const long e = t["bias_columns"].integer(1, 1 << 20);
  if (!(Dyadic(0) < r)) t["entry"].expected("a number > 0");
  const std::vector<Family>& f = promise.families;
  const auto matrix = [&](const char* name) { return hashed_matrix(files[name], folder); };
  require_matrix(matrix("q"), f[0], e, r, r, false, "files.q");
  require_matrix(matrix("k"), f[1], e, promise.sign > 0 ? r : minus_r, w, true, "files.k");
  require_values(matrix("v"), f[1].size(), "files.v");
  if (arity == 3) {
    require_matrix(matrix("k2"), f[2], e, r, r, true, "files.k2");
    require_values(matrix("v2"), f[2].size(), "files.v2");
  }
  const Fraction R(r), W(w), others = arity == 2 ? R : R * R, d(static_cast<long>(f[0][0].size()) + e);
  const long n1 = static_cast<long>(f[1].size()), n2 = arity == 3 ? static_cast<long>(f[2].size()) : 0;
  const long anchors = arity == 2 ? 1 : n1 + n2 + 1;
  const auto score = [&](long s) { return (others * R * Fraction(s) + others * W * Fraction(e)) / d; };
  const Fraction decision = positive_from(top["decision"]), gap = positive_from(top["gap"]),
                 epsilon = positive_from(top["epsilon"]);
  return at_rising_precision(128, 100, [&] {
    const Ball yes = output_at(score(promise.yes), Fraction(1), anchors);
    const Ball no = output_at(score(promise.no), Fraction(arity == 2 ? n1 : n1 * n2), anchors);
    require_at_most(Ball(gap), yes - no, "gap: against what the matrices promise");
    require_at_most(Ball(epsilon), yes - Ball(decision), "epsilon: against the yes side");
    require_at_most(Ball(epsilon), Ball(decision) - no, "epsilon: against the no side");
    return Proved{"reduction of arity " + std::to_string(arity) + ": " + answer +
                      "; a yes has an output of at least " + decimal(yes, Rounding::down) +
                      ", a no none above " + decimal(no, Rounding::up),
                  {{"answer", answer}, {"gap", enclosure_json(yes - no)}}};
  });
}

}  // namespace checker
