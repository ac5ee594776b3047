#include <limits>

#include "error.hpp"
#include "gguf_check.hpp"
#include "ggml.h"

namespace harness {
namespace {

constexpr uint32_t type_i2_s = 36;
// Two bits an element; after the last one a scale for the whole tensor, with padding.
constexpr uint64_t i2_s_elements_a_byte = 4;
constexpr uint64_t i2_s_tail_bytes = 32;
constexpr uint32_t alignment_default = 32;

class tensor_check {
  public:
    tensor_check(const gguf_header & header, const std::string & path) : header_(header), path_(path) {}

    void all() {
        const auto given = header_.numbers.find("general.alignment");
        const uint64_t alignment = given == header_.numbers.end() ? alignment_default : given->second;
        if (alignment == 0 || (alignment & (alignment - 1)) != 0) {
            throw failure(exit_code::bad_input,
                          path_ + ": an alignment of " + std::to_string(alignment) + ", expected a power of 2");
        }
        // No overflow: a file's size has 63 bits, an alignment 32.
        const uint64_t data = (header_.header_bytes + alignment - 1) / alignment * alignment;
        for (const gguf_tensor & tensor : header_.tensors) {
            check_place({tensor.name, tensor.offset, size(tensor)}, data, header_.file_bytes, path_);
            if (tensor.offset % alignment != 0) {
                refuse(tensor, "begins at " + std::to_string(tensor.offset) + ", expected a multiple of " +
                                   std::to_string(alignment));
            }
        }
    }

  private:
    uint64_t size(const gguf_tensor & tensor) const {
        const uint64_t columns = tensor.dimensions[0];
        uint64_t rows = 1;
        for (size_t i = 1; i < tensor.dimensions.size(); ++i) {
            rows = product(tensor, rows, tensor.dimensions[i]);
        }
        // The library counts elements with a sign.
        const uint64_t elements = product(tensor, rows, columns);
        if (elements == 0 || elements > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
            refuse(tensor, "has " + std::to_string(elements) + " elements");
        }
        if (tensor.type == type_i2_s) {
            return elements / i2_s_elements_a_byte + i2_s_tail_bytes;
        }
        const auto type = static_cast<ggml_type>(tensor.type);
        const auto block = static_cast<uint64_t>(ggml_blck_size(type));
        if (columns % block != 0) {
            refuse(tensor, "has rows of " + std::to_string(columns) + " elements, expected a multiple of " +
                               std::to_string(block));
        }
        // The library's own word, because ik_llama.cpp has types with something before each row.
        return product(tensor, rows, ggml_row_size(type, static_cast<int64_t>(columns)));
    }

    uint64_t product(const gguf_tensor & tensor, uint64_t a, uint64_t b) const {
        if (b != 0 && a > std::numeric_limits<uint64_t>::max() / b) {
            refuse(tensor, "has dimensions whose product is beyond 64 bits");
        }
        return a * b;
    }

    [[noreturn]] void refuse(const gguf_tensor & tensor, const std::string & problem) const {
        throw failure(exit_code::bad_input, path_ + ": tensor `" + tensor.name + "` " + problem);
    }

    const gguf_header & header_;
    const std::string & path_;
};

}  // namespace

void check_by_header(const gguf_header & header, const std::string & path) { tensor_check(header, path).all(); }

}  // namespace harness
