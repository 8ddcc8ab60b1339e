// Formulas, families of vectors, planted instances and what attention, or gradients, say of them: counted by
// exhaustion, outputs from the exact numbers of the threshold in balls.
#include <map>
#include <set>

#include "../kinds/reduction.hpp"
#include "lemmas.hpp"

namespace checker {
namespace {

std::vector<Family> families_of(const Field& in) {
  std::vector<Family> families;
  for (std::size_t k = 0; k < in.size(); ++k) {
    families.emplace_back();
    for (std::size_t i = 0; i < in[k].size(); ++i) {
      const Vector& v = families[k].emplace_back(in[k][i].text());
      if (v.size() != families[0][0].size() || v.find_first_not_of("01-") != Vector::npos)
        in[k][i].expected("as many of 0, 1 and - as the other vectors have");
    }
    if (families[k].empty()) in[k].expected("vectors");
  }
  if (families.size() != 2 && families.size() != 3) in.expected("2 or 3 families");
  return families;
}
Formula formula_of(const Field& in) {
  const Formula f = formula_from(in["dimacs"].text(), "instance.dimacs");
  require(f.variables <= 16, "instance.dimacs: more than 16 variables");
  return f;
}
std::size_t arity_of(const Field& in) { return static_cast<std::size_t>(in["arity"].integer(2, 3)); }
long satisfying(const Formula& f) {
  long count = 0;
  for (unsigned long x = 0; x < 1UL << f.variables; ++x) count += satisfies(f, x);
  return count;
}

/// Of every query, the sum of e^score over its tuples of genuine keys.
Row weights_of(const std::vector<Family>& families, const Threshold& t, long sign) {
  std::map<long, Ball> weight;  // of an inner product
  Row sums(families[0].size());
  for_all_tuples(families, [&](const auto& tuple, long product) {
    const auto at = weight.find(product);
    const Ball w = at != weight.end() ? at->second : exp(Ball(t.score(sign * product)));
    if (at == weight.end()) weight.emplace(product, w);
    sums[tuple[0]] = sums[tuple[0]] + w;
  });
  return sums;
}
Row outputs_of(const std::vector<Family>& families, const Threshold& t, long sign) {
  Row outputs = weights_of(families, t, sign);
  for (Ball& w : outputs) w = t.output(w);
  return outputs;
}
Ball largest_output(const std::vector<Family>& families, const Threshold& t, long sign) {
  return largest_size(outputs_of(families, t, sign));
}

/// r^p (yes - no)/d: how far apart the promise puts the scores; T tuples need log T + 2 log R of it for a
/// margin of R.
Ball distance(const Threshold& t, long yes, long no) { return Ball(t.score(yes) - t.score(no)); }
Ball log_tuples(const std::vector<Family>& families) {
  Ball log_sum;
  for (std::size_t k = 1; k < families.size(); ++k) log_sum = log_sum + log(Ball(families[k].size()));
  return log_sum;
}
/// That margin, and e^(score of a yes) = (anchors) R, but for the rounding of w.
void require_margin(const std::vector<Family>& families, const Threshold& t, long yes, long no, long R) {
  require_at_most(log_tuples(families) + Ball(2) * log(Ball(R)), distance(t, yes, no),
                  "instance.threshold: the margin against the distance of the scores");
  require_at_most(absolute_value(Ball(t.score(yes)) - log(Ball(t.anchors * R))), Ball(1) / (1L << 30),
                  "instance.threshold.bias: the score of a yes against it");
}
/// Where the entries are too small: the scores no farther apart than log T, or no bias up to r lifts a yes to
/// the anchors' weight.
std::optional<Threshold> without_gap(const Field& in, const std::vector<Family>& families, long yes,
                                     long no) {
  if (!in.has("threshold without a gap")) return {};
  const Threshold t(in["threshold without a gap"], families);
  Threshold largest = t;
  largest.w = t.r;
  if (surely_at_most(distance(t, yes, no), log_tuples(families)) ||
      surely_at_most(Ball(largest.score(yes)), log(Ball(t.anchors))))
    return t;
  return {};
}

const Fraction kSlack = Fraction(1) / Fraction(1000000000);  // of rounding r and w, in the claims
Number side(bool here, const Number& value, const Fraction& otherwise) { return here ? value : otherwise; }

}  // namespace

// Scores >= yes somewhere: an output >= R/(R + 1); all scores <= no: all outputs <= 1/(R + 1), R = 3.
Quantities threshold_of_gap(const Field& in) {
  const std::vector<Family> families = families_of(in["families"]);
  const long yes = in["yes"].integer(-kMostPairs, kMostPairs), no = in["no"].integer(-kMostPairs, yes - 1);
  const bool is_yes = in["instance"].one_of({"yes", "no"}) == "yes";
  const Threshold t(in["threshold"], families);
  require_margin(families, t, yes, no, 3);
  long most = LONG_MIN;
  for_all_tuples(families, [&](const auto&, long product) { most = std::max(most, product); });
  require(is_yes ? yes <= most : most <= no, "instance.instance: the scores are not its");
  const Ball largest = largest_output(families, t, 1);
  Quantities q{{"completeness", side(is_yes, Fraction(3) / Fraction(4) - kSlack, Fraction(0))},
               {"largest output", largest},
               {"soundness", side(!is_yes, largest, Fraction(0))},
               {"1/4 + 1e-9", Fraction(1) / Fraction(4) + kSlack}};
  if (const auto narrow = without_gap(in, families, yes, no))
    q.emplace("soundness without a gap", side(!is_yes, largest_output(families, *narrow, 1), Fraction(0)));
  return q;
}

// The formula's families, orthogonal or not: yes 0, no -1, sign -1. Satisfiable: an output above 1/2; else
// all are below.
Quantities threshold_of_formula(const Field& in) {
  const Formula f = formula_of(in);
  const std::vector<Family> families = split_and_list(f, arity_of(in));
  const Threshold t(in["threshold"], families);
  require_margin(families, t, 0, -1, 3);
  const bool satisfiable = satisfying(f) > 0;
  const Number half = Fraction(1) / Fraction(2);
  Quantities q{{"output without anchors", Fraction(1)},  // S/S: all genuine values are 1
               {"1/4 + 1e-9", Fraction(1) / Fraction(4) + kSlack}};
  const auto add = [&](const std::string& of, const Threshold& at) {
    const Number largest = largest_output(families, at, -1);
    q.emplace("smaller side" + of, satisfiable ? half : largest);
    q.emplace("larger side" + of, satisfiable ? largest : half);
  };
  add("", t);
  if (const auto narrow = without_gap(in, families, 0, -1)) add(" without a gap", *narrow);
  return q;
}
Quantities threshold_of_unsatisfiable_formula(const Field& in) {  // its largest output is the smaller side
  require(satisfying(formula_of(in)) == 0, "instance.dimacs: satisfiable");
  return threshold_of_formula(in);
}

// The planted tuple's score is the largest, that of no other reaches it: its query's output is above 1/2, all
// others' below.
Quantities planted_tuple(const Field& in) {
  std::vector<Family> families = families_of(in["families"]);
  require(families[0].size() > 1, "instance.families: no other query");
  const long sign = in["sign"].integer(-1, 1);
  std::vector<std::size_t> planted;
  for (const Family& family : families)
    planted.push_back(static_cast<std::size_t>(
        in["planted"][planted.size()].integer(0, static_cast<long>(family.size()) - 1)));
  require(in["planted"].size() == planted.size(), "instance.planted: another number of vectors");
  long yes = LONG_MIN, no = LONG_MIN;
  for_all_tuples(families, [&](const auto& tuple, long product) {
    (tuple == planted ? yes : no) = std::max(tuple == planted ? yes : no, sign * product);
  });
  require(no < yes, "instance.planted: another tuple does as well");
  const Threshold t(in["threshold"], families);
  require_margin(families, t, yes, no, 3);
  const auto outputs = [&] {
    Row y = outputs_of(families, t, sign);
    std::swap(y[0], y[planted[0]]);
    const Ball first = y[0];
    y[0] = Ball();
    return std::pair(first, largest_size(y));
  };
  const auto [of_planted, of_others] = outputs();
  families[0][planted[0]] = families[0][planted[0] == 0 ? 1 : 0];
  return {{"planted output", of_planted},
          {"other outputs", of_others},
          {"output of another in its place", outputs().first},
          {"half", Fraction(1) / Fraction(2)}};
}

// N genuine keys of value 1, N anchors of value 0 and weight e^(-r b e/d), a planted orthogonal pair: the
// output that says no in its row errs by the gap, relatively to |P| |V| = |P| sqrt(N) in the spectral norm.
Quantities wrong_answer(const Field& in) {
  const std::vector<Family> families = families_of(in["families"]);
  const std::size_t n = families[1].size();
  require(families.size() == 2, "instance.families: not two");
  const Threshold t(in["threshold"], families);
  const auto planted =
      static_cast<std::size_t>(in["planted query"].integer(0, static_cast<long>(families[0].size()) - 1));
  const Fraction b = positive(in["anchors' bias"]);
  const Ball anchor = exp(Ball(Fraction(-t.e) * Fraction(t.r) * b / Fraction(t.d)));
  Rows p(families[0].size(), Row(2 * n, anchor));
  bool found = false;
  for_all_tuples(families, [&](const auto& tuple, long product) {
    p[tuple[0]][tuple[1]] = exp(Ball(t.score(-product)));
    require(product != 0 || tuple[0] == planted, "instance.families: another query has an orthogonal key");
    found = found || product == 0;
  });
  require(found, "instance.planted query: no key is orthogonal to it");
  Ball yes, no;
  for (std::size_t i = 0; i < p.size(); ++i) {
    p[i] = shares(p[i]);
    const Ball output = sum(Row(p[i].begin(), p[i].begin() + static_cast<long>(n)));
    (i == planted ? yes : no) = i == planted ? output : maximum(no, output);
  }
  const Ball root = square_root(Ball(n));
  return {{"gap/(|P| |V|)", (yes - no) / (spectral_norm(p) * root)},
          {"1/sqrt(N)", Ball(1) / root},
          {"1/N", Fraction(1) / Fraction(n)}};
}

// f(1) = |Att|^2, f(0) = n (mean of the values)^2: what was recovered of f(1) from gradients contains it and
// is on the formula's side of 1/3; half of the way from f(0) need not be.
Quantities decision_from_gradients(const Field& in) {
  const Formula f = formula_of(in);
  const std::vector<Family> families = split_and_list(f, arity_of(in));
  const Threshold t(in["threshold"], families);
  const long n = static_cast<long>(families[0].size());
  long root = 1;
  while (root * root < n) ++root;
  require_margin(families, t, 0, -1, 4 * root);
  const Row y = outputs_of(families, t, -1);
  Fraction genuine(1), all(1);
  for (std::size_t k = 1; k < families.size(); ++k) {
    genuine = genuine * Fraction(families[k].size());
    all = all * Fraction(families[k].size() + 1);
  }
  const Ball at_one = dot(y, y), at_zero(Fraction(n) * (genuine / all) * (genuine / all));
  const bool satisfiable = satisfying(f) > 0;
  const Number third = Fraction(1) / Fraction(3);
  Quantities q;
  const auto add = [&](const std::string& of, const Field& enclosure, const Ball& truth) {
    const Fractions ends = numbers(enclosure, 2);
    require_at_most(Ball(ends[0]), truth, enclosure.place + "[0]: against what it should enclose");
    require_at_most(truth, Ball(ends[1]), enclosure.place + "[1]: what it should enclose against it");
    const Number value = hull(Ball(ends[0]), Ball(ends[1]));
    q.emplace("smaller side" + of, satisfiable ? third : value);
    q.emplace("larger side" + of, satisfiable ? value : third);
  };
  add("", in["recovered"], at_one);
  add(" half way", in["half way"], at_zero + (at_one - at_zero) / 2);
  return q;
}

// # orthogonal tuples = 2^(K ceil(V/K) - V) # satisfying assignments; or with the last clause not listed.
Quantities split_and_list_counts(const Field& in) {
  const Formula f = formula_of(in);
  const std::size_t arity = arity_of(in);
  const long K = static_cast<long>(arity), dummies = (f.variables + K - 1) / K * K - f.variables,
             expected = satisfying(f) << dummies;
  Formula fewer = f;
  if (!fewer.clauses.empty()) fewer.clauses.pop_back();
  const auto difference = [&](const Formula& listed) {
    return absolute_value(Fraction(orthogonal_tuples(split_and_list(listed, arity)) - expected));
  };
  return {{"difference", difference(f)}, {"difference, one clause fewer", difference(fewer)}};
}

// All tuples of vectors of l T bits against all advices: orthogonal, some advice passes all q checks; else
// every advice at most K (l - 1). Psi itself, no legal advice, passes all q.
Quantities merlin_arthur(const Field& in) {
  in["code"].one_of({"reed-solomon"});
  const long K = in["K"].integer(2, 3), l = in["l"].integer(1, 8), T = in["T"].integer(1, 8),
             q = in["q"].integer(2, 100);
  require(l * T <= 6, "instance: vectors of more than 6 bits");
  Family all;
  for (long x = 0; x < 1L << (l * T); ++x) {
    all.emplace_back();
    for (long c = 0; c < l * T; ++c) all.back() += (x >> c & 1) != 0 ? '1' : '0';
  }
  const std::vector<Family> families(static_cast<std::size_t>(K), all);
  const std::size_t n = all.size();
  std::map<std::vector<std::size_t>, long> accepting;  // by the best advice
  for_all_tuples(protocol(families, l, T, q).families, [&](std::vector<std::size_t> tuple, long product) {
    tuple.back() %= n;
    long& best = accepting[tuple];
    best = std::max(best, product);
  });
  long most = 0, fewest = q;
  for_all_tuples(families, [&](const auto& tuple, long product) {
    if (product == 0) fewest = std::min(fewest, accepting[tuple]);
    else most = std::max(most, accepting[tuple]);
  });
  return {{"accepting, not orthogonal", Fraction(most)},
          {"K (l - 1)", Fraction(K * (l - 1))},
          {"q", Fraction(q)},
          {"accepting, orthogonal", Fraction(fewest)}};
}

namespace {
/// Literals of the longest clause, those without meaning left out: tautologies, and what contains another.
std::size_t width_of(const Formula& f) {
  std::vector<std::set<long>> clauses;
  for (const auto& clause : f.clauses) {
    const std::set<long> literals(clause.begin(), clause.end());
    if (std::none_of(clause.begin(), clause.end(), [&](long x) { return literals.count(-x) > 0; }))
      clauses.push_back(literals);
  }
  std::size_t width = 0;
  for (const auto& c : clauses)
    if (std::none_of(clauses.begin(), clauses.end(), [&](const auto& other) {
          return other != c && std::includes(c.begin(), c.end(), other.begin(), other.end());
        }))
      width = std::max(width, c.size());
  require(width <= 10, "instance.dimacs: a clause of more than 10 literals");
  return width;
}
}  // namespace

// A k-CNF is the disjunction of its leaves, none of more than 1 + 2V + sum_{i = 2}^k 2V (theta^{i-1} - 1)/i
// clauses (each term rounded down), theta = 2. Of the one leaf that branches to hearts lead to it is not.
Quantities sparsification(const Field& in) {
  const Formula f = formula_of(in);
  std::vector<Formula> leaves;
  std::size_t most = 0;
  for (std::size_t i = 0; i < in["leaves"].size(); ++i) {
    leaves.push_back(formula_from(in["leaves"][i].text(), item("instance.leaves", i)));
    require(leaves[i].variables == f.variables, item("instance.leaves", i) + ": of other variables");
    most = std::max(most, leaves[i].clauses.size());
  }
  const auto differences = [&](const std::vector<Formula>& of) {
    long count = 0;
    for (unsigned long x = 0; x < 1UL << f.variables; ++x)
      count += satisfies(f, x) !=
               std::any_of(of.begin(), of.end(), [&](const Formula& leaf) { return satisfies(leaf, x); });
    return Fraction(count);
  };
  const long heart = in["leaf of hearts"].integer(0, static_cast<long>(leaves.size()) - 1);
  long bound = 1 + 2 * f.variables;
  for (long i = 2; i <= static_cast<long>(width_of(f)); ++i)
    bound += 2 * f.variables * ((1L << (i - 1)) - 1) / i;
  return {{"differences", differences(leaves)},
          {"differences of the hearts", differences({leaves[static_cast<std::size_t>(heart)]})},
          {"clauses", Fraction(most)},
          {"clauses allowed", Fraction(bound)}};
}

// A tree over I rows that is halved down to leaves of one row: I <= 2^depth < 2 I.
Quantities tree_depth(const Field& in) {
  const long rows = in["rows"].integer(1, 1 << 20), depth = in["depth"].integer(0, 32);
  long halvings = 0;
  for (long part = rows; part > 1; part = (part + 1) / 2) ++halvings;
  require(depth == halvings, "instance.depth: not the tree's");
  const Fraction leaves(1L << depth);
  return {{"leaves", leaves},
          {"leaves + 1", leaves + Fraction(1)},
          {"I", Fraction(rows)},
          {"2 I", Fraction(2 * rows)}};
}

}  // namespace checker
