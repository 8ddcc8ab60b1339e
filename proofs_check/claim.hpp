// What a claim is: a statement of a paper (or of ours) that the program can be wrong about.
//   const Registration lemma = claim("paper/name", "Lemma 3.4", Standing::checked)
//       .says(statement, latex)            what is claimed
//       .given(draw)  or  .over(grid)      the instances: random, or a grid that is listed
//       .where(name, holds)                a hypothesis; decided on every instance, exactly
//       .at_most(name, left, right)        the comparison, on enclosures: precision is raised until they part
//       .equal(name, left, right)          or exactly, over the rationals
//       .twin(name, left, right);          the false twin
// The twin is the claim with a changed side or a dropped hypothesis, and is false: the same machinery must
// refute it on some instance, or the claim counts as unable to fail.
// An instance is named by (seed, claim, index) alone, so results do not depend on threads.
#pragma once

#include <concepts>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "numeric/proved.hpp"
#include "numeric/random.hpp"

namespace attnbounds {

using Json = nlohmann::ordered_json;

enum class Level { quick, standard, exhaustive };
const char* name(Level level);
Level level_from_text(const std::string& text);  // InputError

/// What a verdict `verified` says about the statement.
enum class Standing {
  proved,       // the statement is about finitely many cases, and every one of them was decided
  checked,      // the statement is about infinitely many cases (proved on paper); instances were decided
  statistical,  // the statement holds with a probability; it was sampled
  open          // no proof is known; instances were decided
};
const char* name(Standing standing);

/// What an instance is drawn from. `index` counts the instances of the claim from 0: generators use the first
/// few for the extremal ones.
struct Draw {
  Stream stream;
  std::size_t index = 0;
  Level level = Level::quick;

  long integer(long least, long largest) {
    return least + static_cast<long>(stream.below(static_cast<std::uint64_t>(largest - least + 1)));
  }
  /// k/2^bits in [-bound, bound], a short exact number (also 0 and the ends, which uniform doubles never
  /// hit).
  Rational dyadic(long bound, int bits);
  /// Entries as `dyadic`, or all at +-bound, or mostly 0: one of the three for the whole matrix.
  Matrix<double> matrix(Eigen::Index rows, Eigen::Index columns, long bound, int bits = 6);
};

/// Constants that the program finds on a claim's instances, each with the index that attains it.
struct FoundConstant {
  Interval value;
  std::size_t attained_at = 0;
};
using Found = std::map<std::string, FoundConstant>;
enum class Extreme { smallest, largest };

// ---- The claim with its instances' type erased: what the runner sees.

using AnyCase = std::shared_ptr<const void>;

struct KernelOutput;  // certificate/kernel_output.hpp

struct Hypothesis {
  std::string name;
  std::function<bool(const AnyCase&)> holds;
};
/// A decided comparison; `exact` holds both sides where they are rational.
struct Compared {
  Decision decision;
  std::optional<std::pair<Rational, Rational>> exact;
};
struct Comparison {
  std::string name;
  std::function<Compared(const AnyCase&, const Found&)> decide;
  std::function<std::shared_ptr<const KernelOutput>(const AnyCase&)> output = {};  // if it is about one
};
struct Instances {
  std::function<std::size_t(Level)> count;
  std::function<AnyCase(Draw&)> draw;
};
struct Twin {
  std::string name;
  Comparison comparison;
  std::optional<Instances> instances;  // when the twin drops a hypothesis: its own generator
  std::optional<std::string> dropped_hypothesis;
};
struct ConstantToFind {
  std::string name, meaning;
  Extreme extreme;
  std::function<Interval(const AnyCase&)> of;
};

struct Claim {
  std::string id, paper, number, statement, latex, file;
  Standing standing = Standing::checked;
  Instances instances;
  std::vector<Hypothesis> hypotheses;
  std::vector<Comparison> comparisons;
  std::vector<ConstantToFind> constants;
  Twin twin;
  std::function<Json(const AnyCase&)> describe;
  std::function<std::vector<AnyCase>(const AnyCase&)> smaller;  // empty results: not shrinkable

  std::string source() const;  // authors, year, arXiv number, number in the paper
};

/// A paper of the catalogue: key as in claim ids, citation as in reports.
struct Paper {
  std::string key, citation;
};
const std::vector<Paper>& papers();

/// All registered claims, sorted by id.
const std::vector<Claim>& all_claims();
/// Errors: InputError if there is none of that id.
const Claim& claim_by_id(const std::string& id);

// ---- The builder.

/// left and right return Interval (decided at rising precision) or Rational (decided exactly).
template <class Left, class Right, class Case>
Compared decide(const Left& left, const Right& right, const Case& c, const Found& found,
                PrecisionLadder ladder) {
  const auto call = [&](const auto& side) {
    if constexpr (std::invocable<decltype(side), const Case&, const Found&>) return side(c, found);
    else return side(c);
  };
  if constexpr (std::same_as<decltype(call(left)), Rational> &&
                std::same_as<decltype(call(right)), Rational>) {
    const Rational l = call(left), r = call(right);
    return {{l <= r ? Verdict::verified : Verdict::refuted, enclose(l), enclose(r), Bits{0}},
            std::pair(l, r)};
  } else {
    const auto sides = [&] {
      return std::pair<Interval, Interval>(enclose(call(left)), enclose(call(right)));
    };
    return {decide_at_most(sides, ladder), {}};
  }
}

template <class Case>
class ClaimOf {
 public:
  explicit ClaimOf(Claim c) : claim_(std::move(c)) {
    claim_.describe = [](const AnyCase& x) { return describe(of(x)); };
    claim_.smaller = [](const AnyCase& any) {
      std::vector<AnyCase> result;
      if constexpr (requires(const Case& x) { smaller(x); })
        for (Case& s : smaller(of(any))) result.push_back(std::make_shared<const Case>(std::move(s)));
      return result;
    };
  }

  ClaimOf where(std::string name, std::predicate<const Case&> auto holds) && {
    claim_.hypotheses.push_back({std::move(name), [holds](const AnyCase& c) { return holds(of(c)); }});
    return std::move(*this);
  }
  /// Precision for the comparisons that follow.
  ClaimOf precision(Bits first, Bits last) && {
    ladder_ = {first, last};
    return std::move(*this);
  }
  ClaimOf at_most(std::string name, auto left, auto right) && {
    claim_.comparisons.push_back(comparison(std::move(name), left, right));
    return std::move(*this);
  }
  /// Equality over the rationals: `difference` returns the largest |left - right|, exactly.
  ClaimOf equal(std::string name, auto difference) && {
    claim_.comparisons.push_back(
        comparison(std::move(name), difference, [](const Case&) { return Rational(0); }));
    return std::move(*this);
  }
  /// The program finds the extreme of `of` over the instances and reports it.
  ClaimOf finds(std::string name, std::string meaning, Extreme extreme, auto value) && {
    claim_.constants.push_back(
        {std::move(name), std::move(meaning), extreme, [value](const AnyCase& c) { return value(of(c)); }});
    return std::move(*this);
  }
  ClaimOf twin(std::string name, auto left, auto right) && {
    claim_.twin = {name, comparison(name, left, right), {}, {}};
    return std::move(*this);
  }
  ClaimOf twin_equal(std::string name, auto difference) && {
    return std::move(*this).twin(std::move(name), difference, [](const Case&) { return Rational(0); });
  }
  /// The comparison just named, or the twin, is about a kernel's output: error at most, or above, a bound. It
  /// has a certificate of that output.
  ClaimOf of_output(std::invocable<const Case&> auto output) && {
    Comparison& last = claim_.twin.name.empty() ? claim_.comparisons.back() : claim_.twin.comparison;
    last.output = [output](const AnyCase& c) {
      return std::make_shared<const std::invoke_result_t<decltype(output), const Case&>>(output(of(c)));
    };
    return std::move(*this);
  }
  /// The first comparison without one hypothesis, on instances that violate it.
  ClaimOf twin_without(std::string hypothesis, std::invocable<Draw&> auto draw) && {
    const std::string name = "without: " + hypothesis;
    claim_.twin = {name, {name, claim_.comparisons.at(0).decide}, instances(draw), std::move(hypothesis)};
    return std::move(*this);
  }
  /// How many random instances a level draws (default 200, 2000, 20000).
  ClaimOf sizes(std::size_t quick, std::size_t standard, std::size_t exhaustive) && {
    claim_.instances.count = [=](Level level) {
      return level == Level::quick ? quick : level == Level::standard ? standard : exhaustive;
    };
    return std::move(*this);
  }

  Claim build() && { return std::move(claim_); }

  static Instances instances(std::invocable<Draw&> auto draw) {
    return {[](Level level) -> std::size_t {
              return level == Level::quick ? 200 : level == Level::standard ? 2000 : 20000;
            },
            [draw](Draw& d) -> AnyCase { return std::make_shared<const Case>(draw(d)); }};
  }

 private:
  static const Case& of(const AnyCase& c) { return *static_cast<const Case*>(c.get()); }
  Comparison comparison(std::string name, auto left, auto right) const {
    return {std::move(name), [left, right, ladder = ladder_](const AnyCase& c, const Found& found) {
              return decide(left, right, of(c), found, ladder);
            }};
  }
  Claim claim_;
  PrecisionLadder ladder_;
};

class ClaimBuilder {
 public:
  explicit ClaimBuilder(Claim c) : claim_(std::move(c)) {}
  ClaimBuilder says(std::string statement, std::string latex) && {
    claim_.statement = std::move(statement);
    claim_.latex = std::move(latex);
    return std::move(*this);
  }
  template <std::invocable<Draw&> Generator>
  auto given(Generator draw) && {
    using Case = std::invoke_result_t<Generator, Draw&>;
    claim_.instances = ClaimOf<Case>::instances(draw);
    return ClaimOf<Case>(std::move(claim_));
  }
  /// A listed grid: `grid(level)` gives the points, `at` turns one into the instance (in parallel).
  template <std::invocable<Level> Grid, class At>
  auto over(Grid grid, At at) && {
    using Points = std::invoke_result_t<Grid, Level>;
    using Case = std::invoke_result_t<At, const typename Points::value_type&>;
    claim_.instances = {[grid](Level level) { return grid(level).size(); },
                        [grid, at](Draw& d) -> AnyCase {
                          return std::make_shared<const Case>(at(grid(d.level).at(d.index)));
                        }};
    return ClaimOf<Case>(std::move(claim_));
  }

 private:
  Claim claim_;
};

/// `id` is paper/name. The file is where this is called.
ClaimBuilder claim(std::string id, std::string number, Standing standing,
                   const char* file = __builtin_FILE());

/// Enters a claim in the catalogue, once, at start-up.
struct Registration {
  template <class Case>
  Registration(ClaimOf<Case> c) {  // NOLINT(google-explicit-constructor): `const Registration r = claim(…)…;`
    enter(std::move(c).build());
  }
  static void enter(Claim c);
};

}  // namespace attnbounds
