/* colour.h - one colour in sRGB, linear light and CIE Lab, and how different two look */
#ifndef P2A_IMAGE_COLOUR_H
#define P2A_IMAGE_COLOUR_H

/* One channel: sRGB value 0..1 <-> linear light 0..1 (IEC 61966-2-1). */
float p2a_linear_from_srgb(float srgb);
float p2a_srgb_from_linear(float linear);

/* The linear light of all 256 bytes, for loops over pixels. */
void p2a_linear_from_bytes(float table[256]);

/* Linear RGB (sRGB primaries) <-> CIE 1976 L*a*b*, white point D65: L 0..100, a and b about
 * -110..110. Colours outside of sRGB come back below 0 or above 1. */
void p2a_lab_from_linear(const float rgb[3], float lab[3]);
void p2a_linear_from_lab(const float lab[3], float rgb[3]);

/* Luma: the brightness of sRGB values as they are, Rec. 709 weights. */
float p2a_luma(const float srgb[3]);

/* CIEDE2000 colour difference of two Lab colours; 1 is about what an eye can just see. */
float p2a_colour_difference(const float lab_a[3], const float lab_b[3]);

#endif
