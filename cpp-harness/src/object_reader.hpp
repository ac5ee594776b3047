// Takes a JSON object apart field by field and notices what is left over.
#pragma once

#include <cstdint>
#include <set>
#include <string>

#include "json.hpp"

namespace harness {

// Parses one line that must be one JSON object. What nlohmann's own reader would pass over is
// refused: a key that occurs twice in an object, a byte order mark, and nesting so deep that the
// recursive functions of the library would overflow the stack.
json parse_object(const std::string & line);

// A value, and a name between backticks, as they may stand in a message: on one line, control
// characters escaped, cut when long.
std::string shown(const json & value);
std::string quoted(const std::string & name);

class object_reader {
  public:
    // `where` names the object in messages; empty for the message itself.
    object_reader(const json & object, std::string where);

    // The value of a field that must be there.
    const json & field(const std::string & name);

    std::string text(const std::string & name);
    bool boolean(const std::string & name);

    // Refuses any field that was not asked for.
    void finish() const;

    // A failure that names a field of this object.
    [[noreturn]] void refuse(const std::string & name, const std::string & problem) const;

  private:
    const json & object_;
    std::string where_;
    std::set<std::string> known_;
};

}  // namespace harness
