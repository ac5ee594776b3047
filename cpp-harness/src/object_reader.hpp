// Takes a JSON object apart field by field and notices what is left over.
#pragma once

#include <cstdint>
#include <set>
#include <string>

#include "json.hpp"

namespace harness {

// Parses one line that must be one JSON object. A key that occurs twice in an object is refused,
// which nlohmann's own reader would pass over.
json parse_object(const std::string & line);

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
