#include "gguf_check.hpp"

#include "error.hpp"

namespace harness {

void check_place(const tensor_place & tensor, uint64_t data, uint64_t file_bytes, const std::string & path) {
    // Subtractions, because a sum of hostile numbers can wrap.
    if (data > file_bytes || tensor.offset > file_bytes - data || tensor.bytes > file_bytes - data - tensor.offset) {
        throw failure(exit_code::bad_input, path + ": tensor `" + tensor.name + "` needs " +
                                                std::to_string(tensor.bytes) + " bytes, the file of " +
                                                std::to_string(file_bytes) + " bytes ends before");
    }
}

}  // namespace harness
