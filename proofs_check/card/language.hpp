// The language of claim cards: a bound in a small text file (docs/cards.md has the grammar). A card is read
// by recursive descent in one pass that also types it: every expression is a number, a matrix or a
// polynomial, and exact (a rational, or made of rationals) or enclosed. Names are declared before they are
// used. Cost: linear in the text.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "numeric/exact_text.hpp"

namespace attnbounds {

/// Line and column, counted from 1.
struct Place {
  int line = 1, column = 1;
};

/// An error in a card. `excerpt`: the line, and below it a caret under the place.
class CardError : public InputError {
 public:
  CardError(const std::string& place, const std::string& expected, const std::string& found,
            std::string source_excerpt)
      : InputError(place, expected, found), excerpt(std::move(source_excerpt)) {}
  std::string excerpt;
};

enum class Kind { number, matrix, polynomial, layers };
enum class Exactness { exact, enclosed };
struct Type {
  Kind kind = Kind::number;
  Exactness exactness = Exactness::exact;
  friend bool operator==(const Type&, const Type&) = default;
};
std::string name(Type type);

struct Expression {
  enum class Form { number, name, negate, add, subtract, multiply, divide, power, call, sum, largest };
  Form form = Form::number;
  std::string text;  // the number as written, the name, the definition called, the index of a sum
  std::vector<Expression> parts;  // operands; arguments; of a sum: first, last, term
  Place place;
  Type type;
};
/// The same expression, wherever it stands.
bool operator==(const Expression& a, const Expression& b);

enum class Relation { at_most, below, at_least, above, equal };
struct Statement {  // left relation right
  Expression left, right;
  Relation relation = Relation::at_most;
};

/// What a name of the card ranges over. Matrices have entries in [least, largest]; layers are the weights W
/// and W_V of `rows` layers of width `columns`, one head each, with the residual connection.
struct Given {
  enum class Domain { integers, rationals, matrices, layers };
  std::string name;
  Domain domain = Domain::integers;
  std::vector<Expression> shape;  // of matrices: rows, columns; of layers: depth, width
  Expression least, largest;
  Place place;
};
struct Let {
  std::string name;
  Expression value;
  std::size_t givens_before = 0;
};

struct Card {
  std::string file, title, source;
  std::vector<std::string> lines;  // the text, for errors
  std::vector<Given> givens;
  std::vector<Let> lets;
  std::vector<Statement> hypotheses;
  Statement conclusion;  // at_most; or equal, both sides exact

  [[noreturn]] void fail(Place at, const std::string& expected, const std::string& found) const;
};

/// Errors: CardError. `file` names the card in errors.
Card card_from_text(std::string_view text, const std::string& file);

/// A card that reads back as the same card.
std::string card_text(const Card& card);
std::string text_of(const Expression& expression);
std::string text_of(const Statement& statement);
std::string latex_of(const Expression& expression);
std::string latex_of(const Statement& statement);
/// A name of the card in LaTeX: Greek letters by name, trailing digits as an index.
std::string latex_name(const std::string& name);
const char* name(Relation relation);

// ---- The catalogue that expressions draw on: what it is called and takes. What it means is in
// definitions_*.cpp, which a test holds against this list.

enum class Takes { number, exact_number, matrix, exact_matrix, polynomial, layers };
enum class ResultIs { exact, exact_if_arguments_are, enclosed };
struct Definition {
  std::string name;
  std::vector<Takes> takes;  // with `many`, the last one or more times
  bool many;
  Kind gives;
  ResultIs result_is;
  std::string meaning;
};
const std::vector<Definition>& catalogue_of_definitions();
const Definition* find_definition(const std::string& name);

}  // namespace attnbounds
